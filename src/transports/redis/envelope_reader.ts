import { parseEnvelope, type ReceivedEnvelope } from "../../envelopes/received.ts";
import { METRIC_TOPICS, type MetricTopic } from "../../envelopes/envelope.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { parseChannel } from "./channel.ts";
import { KeyValueReader } from "./key_value_reader.ts";
import type { RedisOptions } from "./options.ts";
import { RedisReader } from "./reader.ts";
import { subscribeToDevice } from "./subscribe_device.ts";

/** An envelope and the device that published it. */
export interface DeviceEnvelope {
  /** Its key prefix. */
  readonly device: string;
  readonly topic: MetricTopic;
  /** Its type is the topic; its payload can hold anything. */
  readonly envelope: ReceivedEnvelope;
}

export interface EnvelopeReaderOptions {
  readonly redis: RedisOptions;
  /** Key prefixes, or patterns such as `ward-*`; sharded channels have no patterns. */
  readonly devices: readonly string[];
  /** @default every topic but frames */
  readonly topics?: readonly MetricTopic[];
  /**
   * Key-value mode: returns the id of the entry after which reading the histories of a device starts.
   *
   * @default the newest
   */
  readonly startAfter?: (device: string) => string;
  /** Called with each envelope in the order of its arrival; replayed ones are among them. */
  readonly onEnvelope: (message: DeviceEnvelope) => void;
  readonly log: Log;
  readonly clock: Pick<Clock, "sleep">;
}

/**
 * Reads the envelopes that devices publish to one Redis, from channels, sharded channels, or the
 * keys and histories of key-value mode. Reconnects by itself; messages that are no envelopes are ignored.
 *
 * @example
 * ```ts
 * await using reader = new EnvelopeReader({
 *   redis: redisOptions(settings.redis),
 *   devices: ["ward-*"],
 *   onEnvelope: ({ device, topic, envelope }) => console.log(device, topic, envelope.payload),
 *   log,
 *   clock: new SystemClock(),
 * });
 * await reader.run(signal);
 * ```
 */
export class EnvelopeReader implements AsyncDisposable {
  readonly #options: EnvelopeReaderOptions;
  readonly #topics: readonly MetricTopic[];
  readonly #reader: RedisReader;
  /** The message before, which a second pattern that matches its channel delivers once more. */
  #last: { readonly channel: string; readonly text: string } | undefined;

  /** @throws {Error} if a certificate or key cannot be read. */
  constructor(options: EnvelopeReaderOptions) {
    const { redis, log } = this.#options = options;
    this.#topics = options.topics ?? METRIC_TOPICS;
    this.#reader = new RedisReader({
      redis,
      log,
      onMessage: (channel, message) => this.#take(channel, message.toString()),
    });
  }

  /** Whether Redis is connected. */
  get ready(): boolean {
    return this.#reader.ready;
  }

  /** Reads until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { redis, devices, clock, startAfter } = this.#options;
    if (redis.usePubsub) await this.#subscribe(signal);
    else {
      await new KeyValueReader({
        source: this.#reader,
        devices,
        topics: this.#topics,
        startAfter,
        onMessage: (channel, text) => this.#take(channel, text),
        clock,
      }).run(signal);
    }
  }

  async #subscribe(signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    for (const device of this.#options.devices) {
      subscribeToDevice(this.#reader, device, this.#topics);
    }
    await ended;
  }

  #take(channel: string, text: string): void {
    if (channel === this.#last?.channel && text === this.#last.text) return;
    this.#last = { channel, text };
    const parsed = parseChannel(channel);
    const topic = this.#topics.find((each) => each === parsed?.topic);
    if (!parsed || topic === undefined) return;
    const envelope = parseEnvelope(text);
    if (envelope?.type !== topic) return;
    this.#options.onEnvelope({ device: parsed.device, topic, envelope });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
  }
}
