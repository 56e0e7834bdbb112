import { Buffer } from "node:buffer";
import { encodeFrameEnvelope, type Topic } from "../../envelopes/envelope.ts";
import type { Log } from "../../telemetry/log.ts";
import {
  type Backend,
  BackendError,
  type Delivery,
  type Outgoing,
} from "../../envelopes/outgoing.ts";
import { isLateEntry, KeyValue, type Stored } from "./key_value.ts";
import type { RedisOptions } from "./options.ts";
import { TimeoutTracker } from "./response_timeout.ts";
import { explainRedisError } from "./redis_error.ts";
import { RedisLink } from "./redis_link.ts";

export interface RedisBackendContext {
  readonly log: Log;
}

/** How often the links are looked at for silence, milliseconds. */
const WATCH_MS = 100;
/** Sharded subscribers follow a slot within so long, milliseconds. */
const SLOT_MOVE_MS = 5000;

/**
 * Redis, by PUBLISH or by keys and streams. Frames go over a connection of their own, so that no
 * metric waits behind one in a socket's buffer, nor behind the answer to one.
 */
export class RedisBackend implements Backend {
  readonly name = "redis";
  readonly #log: Log;
  readonly #lastReceivedMs = new Map<Topic, number>();
  readonly #metrics: { readonly link: RedisLink; readonly timeout: TimeoutTracker };
  readonly #frames: { readonly link: RedisLink; readonly timeout: TimeoutTracker };
  #options: RedisOptions;
  #keyValue: KeyValue;
  /** Until then a frame may hold up the answers to metrics, in the time of `performance.now()`. */
  #heldUpUntilMs = -Infinity;
  #watch: ReturnType<typeof setInterval> | undefined;
  /** What Redis said to the last message, where it did not take it. */
  #refusal: { readonly link: RedisLink; readonly message: string } | undefined;

  constructor(options: RedisOptions, { log }: RedisBackendContext) {
    this.#options = options;
    this.#log = log;
    this.#keyValue = new KeyValue(options);
    this.#metrics = {
      link: new RedisLink("metrics", { options, log }),
      timeout: new TimeoutTracker(),
    };
    this.#frames = {
      link: new RedisLink("frames", { options, log }),
      timeout: new TimeoutTracker(),
    };
  }

  start(): void {
    this.#metrics.link.start();
    this.#frames.link.start();
    this.#watch = setInterval(() => this.#watchForSilence(), WATCH_MS);
  }

  /** Goes over to new certificates, passwords or servers; what is under way is sent again. */
  reload(options: RedisOptions): void {
    this.#options = options;
    this.#keyValue = new KeyValue(options);
    this.#metrics.link.reload(options);
    this.#frames.link.reload(options);
  }

  get ready(): boolean {
    return this.#metrics.link.ready;
  }

  get rttUs(): number | undefined {
    return this.#metrics.link.rttUs;
  }

  /** A stream's entries have to come in the order of their times. */
  get inOrder(): boolean {
    return !this.#options.usePubsub;
  }

  get trouble(): string | undefined {
    const trouble = this.#metrics.link.trouble ?? this.#frames.link.trouble;
    return trouble?.message ?? this.#refusal?.message;
  }

  /** How many connections came about so far, of both links; more than two are reconnects. */
  get connections(): number {
    return this.#metrics.link.connections + this.#frames.link.connections;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#metrics.link.onReady(listener);
  }

  async send(outgoing: Outgoing): Promise<Delivery> {
    const { topic, timestamp } = outgoing;
    const bytes = outgoing.kind === "metric" ? outgoing.bytes : encodeFrameEnvelope(outgoing.image);
    this.#refuseTooBig(topic, bytes.length);
    const { link, timeout } = outgoing.kind === "metric" ? this.#metrics : this.#frames;
    const done = timeout.began(bytes.length);
    let answered = false;
    const stored = { topic, timestamp, envelope: asBuffer(bytes) };
    try {
      const delivery =
        await (this.#options.usePubsub ? this.#publish(link, stored) : this.#store(link, stored));
      answered = true;
      this.#debug(stored, delivery);
      if (this.#refusal?.link === link) this.#refusal = undefined;
      return delivery;
    } catch (error) {
      const { message } = explainRedisError(error, link.where);
      if (link.ready) this.#noteRefusal(link, message);
      throw new BackendError(message, { cause: error, retriable: true, reason: "link" });
    } finally {
      done(answered);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.#metrics.link[Symbol.asyncDispose]();
    await this.#frames.link[Symbol.asyncDispose]();
  }

  async #publish(link: RedisLink, { topic, envelope }: Stored): Promise<Delivery> {
    const { keyPrefix, shardedPublish, cluster } = this.#options;
    const command = shardedPublish ? "SPUBLISH" : "PUBLISH";
    const reply = await link.call([command, `${keyPrefix}:${topic}`, envelope]);
    // In a cluster PUBLISH counts only the subscribers of the node that was asked.
    if (cluster && !shardedPublish) return {};
    const receivers = Number(reply);
    return cluster ? { receivers, unsettled: this.#justLost(topic, receivers) } : { receivers };
  }

  /** A slot that moves to another node takes its sharded subscribers off: they have to follow. */
  #justLost(topic: Topic, receivers: number): boolean {
    if (receivers > 0) this.#lastReceivedMs.set(topic, performance.now());
    const lastMs = this.#lastReceivedMs.get(topic) ?? -Infinity;
    return receivers === 0 && performance.now() - lastMs < SLOT_MOVE_MS;
  }

  async #store(link: RedisLink, stored: Stored): Promise<Delivery> {
    const commands = this.#keyValue.commandsFor(stored);
    const replies = await Promise.allSettled(commands.map((command) => link.call(command)));
    for (const reply of replies) {
      if (reply.status === "fulfilled") continue;
      if (!isLateEntry(reply.reason)) throw reply.reason;
      await link.call(this.#keyValue.lateEntry(stored));
    }
    return {};
  }

  /** The link stands, yet Redis does not take what it is sent: OOM, READONLY, NOPERM. */
  #noteRefusal(link: RedisLink, message: string): void {
    this.#refusal = { link, message };
    this.#log.rateLimited("redis refusal", 5, "warning", message);
  }

  #debug({ topic, envelope }: Stored, { receivers }: Delivery): void {
    if (!this.#options.enableDebugLogging) return;
    this.#log.info("Sent to Redis", { topic, bytes: envelope.length, receivers });
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
    const limitMs = this.#options.operationTimeoutMs + this.#metrics.timeout.neededMs +
      this.#frames.timeout.neededMs;
    const metricsMs = this.#metrics.timeout.silentMs;
    const silentMs = Math.max(metricsMs, this.#frames.timeout.silentMs);
    // Without an answer to metrics the other connection deserves no trust either: what is in its
    // buffers would arrive stale.
    if (silentMs > limitMs) this.#giveUpFrames(silentMs);
    if (metricsMs <= limitMs || performance.now() < this.#heldUpUntilMs) return;
    this.#frames.link.reset(silence(metricsMs));
    this.#metrics.link.reset(silence(metricsMs));
  }

  /** Frames under way may have filled a link that became slow: then metrics come behind them. */
  #giveUpFrames(silentMs: number): void {
    const { link, timeout } = this.#frames;
    if (timeout.slowMs === 0) return;
    const { operationTimeoutMs } = this.#options;
    this.#heldUpUntilMs = performance.now() - timeout.silentMs + operationTimeoutMs +
      timeout.slowMs;
    timeout.forget();
    link.reset(silence(silentMs));
  }
}

function silence(ms: number): string {
  return `Got no answer: the peer timed out after ${Math.round(ms)} ms`;
}

function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
