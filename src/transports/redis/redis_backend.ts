import { Buffer } from "node:buffer";
import { encodeFrameEnvelope, type Topic } from "../../envelopes/envelope.ts";
import type { Log } from "../../telemetry/log.ts";
import {
  type Backend,
  BackendError,
  type Delivery,
  type FrameDemand,
  type LinkMeasurement,
} from "../../delivery/backend.ts";
import type { Outgoing } from "../../envelopes/message.ts";
import { EnvelopeSender } from "./envelope_sender.ts";
import { FrameLink } from "./frame_link.ts";
import type { StoredEnvelope } from "./key_value_commands.ts";
import type { RedisOptions } from "./options.ts";
import { taggedPrefix } from "./partition.ts";
import { TimeoutTracker } from "./response_timeout.ts";
import { explainRedisError } from "./redis_error.ts";
import { RedisLink } from "./redis_link.ts";
import { SubscriberCounts } from "./subscriber_counts.ts";

export interface RedisBackendContext {
  readonly log: Log;
}

/** Interval at which the response timeouts are checked, in milliseconds. */
const CHECK_INTERVAL_MS = 100;

/** A link with the response times of what is in flight on it. */
interface TrackedLink {
  readonly link: RedisLink;
  readonly timeout: TimeoutTracker;
}

/**
 * Publishes to Redis, by PUBLISH or by keys and streams. Frames use a separate connection, so that
 * no metric waits behind a frame in a socket buffer, or behind the reply to one. It is open only while
 * frames are sent.
 */
export class RedisBackend implements Backend {
  readonly name = "redis";
  readonly #log: Log;
  readonly #metrics: TrackedLink;
  readonly #frames: FrameLink;
  #options: RedisOptions;
  #sender: EnvelopeSender;
  /** Until then frames in flight may delay the replies to metrics, by `performance.now()`. */
  #metricsDelayedUntilMs = -Infinity;
  #counts: SubscriberCounts;
  #timeoutCheck: ReturnType<typeof setInterval> | undefined;
  /** The error with which Redis rejected the last message, if it did. */
  #rejection: { readonly link: RedisLink; readonly message: string } | undefined;

  constructor(options: RedisOptions, { log }: RedisBackendContext) {
    this.#options = options;
    this.#log = log;
    this.#sender = new EnvelopeSender(options);
    this.#metrics = {
      link: new RedisLink("metrics", { options, log }),
      timeout: new TimeoutTracker(),
    };
    const mayReconnect = () => this.#metrics.link.ready;
    this.#frames = new FrameLink(new RedisLink("frames", { options, log, mayReconnect }));
    this.#counts = new SubscriberCounts(this.#metrics.link, options);
  }

  start(): void {
    this.#metrics.link.start();
    this.#timeoutCheck = setInterval(() => this.#checkTimeouts(), CHECK_INTERVAL_MS);
  }

  /** Reconnects with new certificates, passwords or servers. Metrics in flight are sent again. */
  reload(options: RedisOptions): void {
    this.#options = options;
    this.#counts = new SubscriberCounts(this.#metrics.link, options);
    this.#sender = new EnvelopeSender(options);
    this.#metrics.link.reload(options);
    this.#frames.link.reload(options);
  }

  get destination(): string {
    const { database } = this.#options;
    return `redis ${this.#metrics.link.endpoint}/${database} ${taggedPrefix(this.#options)}`;
  }

  get ready(): boolean {
    return this.#metrics.link.ready;
  }

  get measured(): LinkMeasurement | undefined {
    return this.#metrics.link.measured;
  }

  measure(): Promise<LinkMeasurement | undefined> {
    return this.#metrics.link.measure();
  }

  /** Stream entries must be added in the order of their times. */
  get inOrder(): boolean {
    return !this.#options.usePubsub;
  }

  get problem(): string | undefined {
    const problem = this.#metrics.link.problem ?? this.#frames.link.problem;
    return problem?.message ?? this.#rejection?.message;
  }

  /** Number of connections established so far, on both links. */
  get connections(): number {
    return this.#metrics.link.connections + this.#frames.link.connections;
  }

  /** Number of connections begun so far on both links, with those that failed. */
  get attempts(): number {
    return this.#metrics.link.attempts + this.#frames.link.attempts;
  }

  onReady(listener: (ready: boolean) => void): void {
    this.#metrics.link.onReady(listener);
  }

  hasSubscribers(topic: Topic): Promise<boolean | undefined> {
    return this.#counts.hasSubscribers(topic);
  }

  frameDemand(): Promise<FrameDemand | undefined> {
    return this.#counts.frameDemand();
  }

  openForFrames(): boolean {
    return this.#frames.open();
  }

  discardFrames(): void {
    const { link, timeout } = this.#frames;
    // What the network already has still delays the replies to metrics: 500 kbit/s are allowed for.
    this.#metricsDelayedUntilMs = performance.now() + this.#options.operationTimeoutMs +
      2 * timeout.slowTransferMs;
    link.reconnect();
  }

  async send(outgoing: Outgoing): Promise<Delivery> {
    const { topic, timestamp } = outgoing;
    const bytes = outgoing.kind === "metric" ? outgoing.bytes : encodeFrameEnvelope(outgoing.image);
    this.#checkSize(topic, bytes.length);
    const { link, timeout } = outgoing.kind === "metric" ? this.#metrics : this.#frames;
    const done = timeout.start(bytes.length);
    let answered = false;
    const stored = { topic, timestamp, envelope: asBuffer(bytes) };
    try {
      const delivery = await this.#sender.send(link, stored);
      answered = true;
      this.#logSent(stored, delivery);
      if (this.#rejection?.link === link) this.#rejection = undefined;
      return delivery;
    } catch (error) {
      const { fault, message } = explainRedisError(error, link.endpoint);
      // A lost connection can fail what is in flight before the link reports it.
      if (link.ready && fault !== "closed") this.#onRejected(link, message);
      throw new BackendError(message, { cause: error, retriable: true, reason: "link" });
    } finally {
      done(answered);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timeoutCheck);
    await this.#metrics.link[Symbol.asyncDispose]();
    await this.#frames[Symbol.asyncDispose]();
  }

  /** Redis is connected but rejects messages, such as with OOM, READONLY or NOPERM. */
  #onRejected(link: RedisLink, message: string): void {
    this.#rejection = { link, message };
    this.#log.rateLimited("redis rejection", 5, "warning", message);
  }

  #logSent({ topic, envelope }: StoredEnvelope, { receivers }: Delivery): void {
    if (!this.#options.enableDebugLogging) return;
    this.#log.info("Sent to Redis", { topic, bytes: envelope.length, receivers });
  }

  #checkSize(topic: string, bytes: number): void {
    const maxBytes = this.#options.maxBulkStringBytes;
    if (bytes <= maxBytes) return;
    throw new BackendError(
      `Cannot send a message to ${topic}: it must have at most ${maxBytes} bytes ` +
        `(max_bulk_string_bytes): current size is ${bytes}: ` +
        "raise --redis_max_bulk_string_bytes, or lower --jpeg_quality",
      { retriable: false, reason: "too_big" },
    );
  }

  /** Detects a peer that neither responds nor closes the connection. */
  #checkTimeouts(): void {
    this.#frames.closeIfIdle();
    const limitMs = this.#options.operationTimeoutMs + this.#metrics.timeout.allowedTransferMs +
      this.#frames.timeout.allowedTransferMs;
    const metricsMs = this.#metrics.timeout.silentMs;
    const silentMs = Math.max(metricsMs, this.#frames.timeout.silentMs);
    // If metrics get no reply, frames in the buffers of the other connection would arrive too late.
    if (silentMs > limitMs) this.#resetFrames(silentMs);
    if (metricsMs <= limitMs || performance.now() < this.#metricsDelayedUntilMs) return;
    this.#frames.link.reset(timeoutMessage(metricsMs));
    this.#metrics.link.reset(timeoutMessage(metricsMs));
  }

  /** Frames in flight may fill a link that became slow: metrics then get time to pass them. */
  #resetFrames(silentMs: number): void {
    const { link, timeout } = this.#frames;
    if (timeout.slowTransferMs === 0) return;
    const { operationTimeoutMs } = this.#options;
    this.#metricsDelayedUntilMs = performance.now() - timeout.silentMs + operationTimeoutMs +
      timeout.slowTransferMs;
    timeout.resetRate();
    link.reset(timeoutMessage(silentMs));
  }
}

function timeoutMessage(ms: number): string {
  return `The server did not answer: timed out after ${Math.round(ms)} ms`;
}

function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
