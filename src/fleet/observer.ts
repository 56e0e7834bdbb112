import type { Buffer } from "node:buffer";
import type { Topic } from "../envelopes/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { HistoryFollower } from "../transports/redis/history.ts";
import type { RedisOptions } from "../transports/redis/options.ts";
import { RedisReader } from "../transports/redis/reader.ts";
import { arrivalOf } from "./arrivals.ts";
import type { Ledger } from "./ledger.ts";

/** Interval at which streams are read, in milliseconds. */
const POLL_MS = 100;
/** Streams that one command reads, so that its reply stays within `--redis_max_array_elements`. */
const STREAMS_PER_READ = 100;

export interface ObserverOptions {
  readonly redis: RedisOptions;
  /** Key prefixes. */
  readonly devices: readonly string[];
  readonly topics: readonly Topic[];
  /** Takes what arrives; several observers may share it if their devices differ. */
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
}

/** A client with connections of its own that receives topics of devices as any other reader does. */
export class Observer implements AsyncDisposable {
  readonly #options: ObserverOptions;
  readonly #reader: RedisReader;
  readonly #closing = new AbortController();
  #following: Promise<void> | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
    const { redis, log } = options;
    this.#reader = new RedisReader({
      redis,
      log,
      onMessage: (channel, message) => this.#take(channel, message),
    });
  }

  /** Whether messages arrive. */
  get ready(): boolean {
    return this.#reader.ready;
  }

  /** Resolves when everything is subscribed, which may be after a reconnect. */
  async start(): Promise<void> {
    const { redis, devices, topics } = this.#options;
    const channels = devices.map((device) => this.#reader.prefixOf(device))
      .flatMap((prefix) => topics.map((topic) => `${prefix}:${topic}`));
    if (redis.usePubsub) await this.#subscribe(channels);
    else this.#following = this.#follow(channels.filter((channel) => !channel.endsWith(":frame")));
  }

  /** Like `RedisReader.subscribe()`, also while the first connection is still being established. */
  async #subscribe(channels: readonly string[]): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        return await this.#reader.subscribe(...channels);
      } catch {
        // The reader logs why.
        await this.#options.clock.sleep(POLL_MS, this.#closing.signal);
      }
    }
  }

  /** Reads the histories of key-value mode from their beginning. */
  async #follow(channels: readonly string[]): Promise<void> {
    const streams = channels.map((channel) => `${channel}:history`);
    const followers: HistoryFollower[] = [];
    for (let at = 0; at < streams.length; at += STREAMS_PER_READ) {
      const part = streams.slice(at, at + STREAMS_PER_READ);
      followers.push(new HistoryFollower(this.#reader, part, { after: "0-0" }));
    }
    while (!this.#closing.signal.aborted) {
      try {
        for (const follower of followers) {
          for (const { stream, envelope } of await follower.poll()) {
            this.#take(stream.slice(0, -":history".length), envelope);
          }
        }
      } catch {
        // The reader logs why, and what is missing is read later.
      }
      await this.#options.clock.sleep(POLL_MS, this.#closing.signal);
    }
  }

  #take(channel: string, message: Buffer | string): void {
    const arrival = arrivalOf(channel, message, {
      epochMs: performance.timeOrigin + performance.now(),
      monotonicMs: performance.now(),
    });
    if (arrival) this.#options.ledger.add(arrival);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#reader[Symbol.asyncDispose]();
    await this.#following;
  }
}
