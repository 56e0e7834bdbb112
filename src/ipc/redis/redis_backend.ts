import { Buffer } from "node:buffer";
import { encodeFrameEnvelope } from "../../envelope/envelope.ts";
import type { Log } from "../../telemetry/log.ts";
import { type Backend, BackendError, type Delivery, type Outgoing } from "../outgoing.ts";
import { explainRedisError } from "./redis_error.ts";
import type { RedisOptions } from "./options.ts";
import { Patience } from "./patience.ts";
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
  readonly #metricPatience = new Patience();
  readonly #framePatience = new Patience();
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
    const reply = link.call("PUBLISH", channel, asBuffer(bytes));
    const patience = outgoing.kind === "metric" ? this.#metricPatience : this.#framePatience;
    const done = patience.began(bytes.length);
    try {
      return { receivers: Number(await reply) };
    } catch (error) {
      const { message } = explainRedisError(error, link.where);
      throw new BackendError(message, { cause: error, retriable: true, reason: "link" });
    } finally {
      done();
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

  /** A peer that neither answers nor closes is noticed here. */
  #watchForSilence(): void {
    const bytes = this.#metricPatience.bytesUnderWay + this.#framePatience.bytesUnderWay;
    const limitMs = this.#options.operationTimeoutMs + bytes / SLOWEST_BYTES_PER_MS;
    const metricsMs = this.#metricPatience.silentMs;
    const framesMs = this.#framePatience.silentMs;
    if (metricsMs > limitMs) this.#metrics.reset(silence(metricsMs));
    // Without an answer to metrics the other connection deserves no trust either: what is in its
    // buffers would arrive stale.
    if (Math.max(metricsMs, framesMs) > limitMs) {
      this.#frames.reset(silence(Math.max(metricsMs, framesMs)));
    }
  }
}

function silence(ms: number): string {
  return `Got no answer: the peer timed out after ${Math.round(ms)} ms`;
}

function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
