import { Buffer } from "node:buffer";
import { encodeFrameEnvelope } from "../../envelope/envelope.ts";
import type { Log } from "../../telemetry/log.ts";
import { type Backend, BackendError, type Delivery, type Outgoing } from "../outgoing.ts";
import { explainRedisError } from "./redis_error.ts";
import type { RedisOptions } from "./options.ts";
import { RedisLink } from "./redis_link.ts";

export interface RedisBackendContext {
  readonly log: Log;
}

/** How often the links are looked at for silence, milliseconds. */
const WATCH_MS = 100;
/** The slowest uplink that is waited for, bytes a millisecond: 1 Mbit/s. */
const SLOWEST_BYTES_PER_MS = 125;

/**
 * Redis by PUBLISH. Frames go over a connection of their own, so that no metric waits behind
 * one in a socket's buffer, nor behind the answer to one.
 */
export class RedisBackend implements Backend {
  readonly name = "redis";
  readonly #options: RedisOptions;
  readonly #metrics: RedisLink;
  readonly #frames: RedisLink;
  readonly #underWay = new Map<Promise<unknown>, { sinceMs: number; bytes: number }>();
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(options: RedisOptions, { log }: RedisBackendContext) {
    this.#options = options;
    this.#metrics = new RedisLink("metrics", { options, log });
    this.#frames = new RedisLink("frames", { options, log });
  }

  start(): void {
    this.#metrics.start();
    this.#frames.start();
    this.#watch = setInterval(() => this.#watchForSilence(), WATCH_MS);
  }

  get ready(): boolean {
    return this.#metrics.ready;
  }

  get trouble(): string | undefined {
    return (this.#metrics.trouble ?? this.#frames.trouble)?.message;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#metrics.onReady(listener);
  }

  async send(outgoing: Outgoing): Promise<Delivery> {
    const bytes = outgoing.kind === "metric" ? outgoing.bytes : encodeFrameEnvelope(outgoing.image);
    this.#refuseTooBig(outgoing.topic, bytes.length);
    const link = outgoing.kind === "metric" ? this.#metrics : this.#frames;
    const channel = `${this.#options.keyPrefix}:${outgoing.topic}`;
    const reply = link.call(
      "PUBLISH",
      channel,
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    );
    this.#underWay.set(reply, { sinceMs: performance.now(), bytes: bytes.length });
    try {
      return { receivers: Number(await reply) };
    } catch (error) {
      const { message } = explainRedisError(error, link.where);
      throw new BackendError(message, { cause: error, retriable: true, reason: "link" });
    } finally {
      this.#underWay.delete(reply);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.#metrics[Symbol.asyncDispose]();
    await this.#frames[Symbol.asyncDispose]();
  }

  #refuseTooBig(topic: string, bytes: number): void {
    const most = this.#options.maxBulkStringBytes;
    if (bytes <= most) return;
    throw new BackendError(
      `Cannot send a message to ${topic}: ${bytes} bytes are more than max_bulk_string_bytes, ` +
        `${most}: raise it, or lower --jpeg_quality`,
      { retriable: false, reason: "too_big" },
    );
  }

  /**
   * A peer that neither answers nor closes is noticed here: by the first acknowledgement that is
   * late although nothing at all has come in meanwhile. What is under way may need its time on a
   * slow uplink.
   */
  #watchForSilence(): void {
    const first = this.#underWay.values().next().value;
    if (!first) return;
    let bytes = 0;
    for (const sent of this.#underWay.values()) bytes += sent.bytes;
    const patienceMs = this.#options.operationTimeoutMs + bytes / SLOWEST_BYTES_PER_MS;
    const heardMs = Math.max(this.#metrics.lastByteMs, this.#frames.lastByteMs, first.sinceMs);
    const silentMs = performance.now() - heardMs;
    if (silentMs <= patienceMs) return;
    const reason = `Got no answer: the peer timed out after ${Math.round(silentMs)} ms`;
    this.#metrics.reset(reason);
    this.#frames.reset(reason);
  }
}
