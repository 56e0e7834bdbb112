import { Buffer } from "node:buffer";
import {
  type Backend,
  BackendError,
  type Delivery,
  type FrameDemand,
} from "../delivery/backend.ts";
import { encodeFrameEnvelope, type Topic } from "../envelopes/envelope.ts";
import type { Outgoing } from "../envelopes/message.ts";
import type { Log } from "../telemetry/log.ts";
import { EnvelopeSender } from "../transports/redis/envelope_sender.ts";
import type { RedisOptions } from "../transports/redis/options.ts";
import { taggedPrefix } from "../transports/redis/partition.ts";
import { RedisLink } from "../transports/redis/redis_link.ts";
import { TimeoutTracker } from "../transports/redis/response_timeout.ts";
import { SubscriberCounts } from "../transports/redis/subscriber_counts.ts";

/** Interval at which the response timeout is checked, in milliseconds. */
const CHECK_INTERVAL_MS = 100;

/**
 * One connection to Redis that many devices share, each with its own prefix: what one machine needs
 * to publish for a fleet. A real device has connections of its own.
 */
export class SharedConnection implements AsyncDisposable {
  readonly #link: RedisLink;
  readonly #timeout = new TimeoutTracker();
  readonly #options: RedisOptions;
  readonly #listeners: ((ready: boolean) => void)[] = [];
  #check: ReturnType<typeof setInterval> | undefined;

  constructor(options: RedisOptions, { log }: { readonly log: Log }) {
    this.#options = options;
    this.#link = new RedisLink("metrics", { options, log });
    this.#link.onReady((ready) => {
      for (const listener of this.#listeners) listener(ready);
    });
  }

  get ready(): boolean {
    return this.#link.ready;
  }

  get attempts(): number {
    return this.#link.attempts;
  }

  /** Sends what `publish` publishes at once. */
  batch(publish: () => void): void {
    this.#link.batch(publish);
  }

  start(): void {
    this.#link.start();
    this.#check = setInterval(() => this.#resetIfSilent(), CHECK_INTERVAL_MS);
  }

  /** Returns the backend of the device with this key prefix. It must be started before this. */
  backendFor(keyPrefix: string): Backend {
    return new SharedBackend({ ...this.#options, keyPrefix }, {
      link: this.#link,
      timeout: this.#timeout,
      onReady: (listener) => void this.#listeners.push(listener),
    });
  }

  /** Detects a peer that neither responds nor closes the connection. */
  #resetIfSilent(): void {
    const limitMs = this.#options.operationTimeoutMs + this.#timeout.allowedTransferMs;
    if (this.#timeout.silentMs > limitMs) this.#link.reset("The server did not answer: timed out");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#check);
    await this.#link[Symbol.asyncDispose]();
  }
}

interface SharedContext {
  readonly link: RedisLink;
  readonly timeout: TimeoutTracker;
  readonly onReady: (listener: (ready: boolean) => void) => void;
}

/** What one device sends over a shared connection. */
class SharedBackend implements Backend {
  readonly name = "redis";
  readonly #options: RedisOptions;
  readonly #context: SharedContext;
  readonly #sender: EnvelopeSender;
  readonly #counts: SubscriberCounts;

  constructor(options: RedisOptions, context: SharedContext) {
    this.#options = options;
    this.#context = context;
    this.#sender = new EnvelopeSender(options);
    this.#counts = new SubscriberCounts(context.link, options);
  }

  get destination(): string {
    return `redis ${this.#context.link.endpoint} ${taggedPrefix(this.#options)}`;
  }

  get ready(): boolean {
    return this.#context.link.ready;
  }

  get inOrder(): boolean {
    return !this.#options.usePubsub;
  }

  start(): void {}

  onReady(listener: (ready: boolean) => void): void {
    this.#context.onReady(listener);
  }

  hasSubscribers(topic: Topic): Promise<boolean | undefined> {
    return this.#counts.hasSubscribers(topic);
  }

  frameDemand(): Promise<FrameDemand | undefined> {
    return this.#counts.frameDemand();
  }

  async send(outgoing: Outgoing): Promise<Delivery> {
    const { topic, timestamp } = outgoing;
    const bytes = outgoing.kind === "metric" ? outgoing.bytes : encodeFrameEnvelope(outgoing.image);
    const done = this.#context.timeout.start(bytes.length);
    let answered = false;
    try {
      const envelope = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const delivery = await this.#sender.send(this.#context.link, { topic, timestamp, envelope });
      answered = true;
      return delivery;
    } catch (cause) {
      throw new BackendError("Redis did not take the message", {
        cause,
        retriable: true,
        reason: "link",
      });
    } finally {
      done(answered);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
