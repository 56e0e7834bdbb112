import { untilAborted } from "../base/abort.ts";
import { METRIC_TOPICS } from "../envelopes/envelope.ts";
import type { Clock } from "../telemetry/clock.ts";
import { HistoryFollower } from "../transports/redis/history.ts";
import type { RedisReader } from "../transports/redis/reader.ts";
import type { SessionSaver } from "./saver.ts";

/** Time after which the series of an ended session are derived. Chosen. */
const DERIVE_MS = 500;
/** Interval of polling the histories. Chosen. */
const POLL_MS = 200;

/** What a recorder needs of the client of a Redis. */
export type RecorderReader = Pick<
  RedisReader,
  "prefixOf" | "subscribe" | "newestEntry" | "readEntries"
>;

export interface RecorderOptions {
  readonly reader: RecorderReader;
  readonly saver: Pick<SessionSaver, "add" | "derive">;
  /** Key prefix of the device. */
  readonly device: string;
  /** False if the device publishes to no channel, so that its histories are polled. */
  readonly usePubsub: boolean;
  readonly clock: Pick<Clock, "sleep">;
}

/** Saves the messages of a device, and derives the series of its ended sessions. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => {}); // `run` reports it
  }

  /** Saves a message that the reader has received. */
  take(text: string): void {
    try {
      this.#options.saver.add(text);
    } catch (error) {
      this.#failed.reject(error);
    }
  }

  /**
   * Records until `signal` aborts.
   *
   * @throws {UnavailableError} if the files cannot be written
   */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#failed.promise, this.#follow(signal), this.#derive(signal)]);
  }

  async #derive(signal: AbortSignal): Promise<void> {
    const { saver, clock } = this.#options;
    while (true) {
      await clock.sleep(DERIVE_MS, signal);
      if (signal.aborted) return;
      await saver.derive();
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { reader, device, usePubsub, clock } = this.#options;
    const prefix = reader.prefixOf(device);
    if (usePubsub) {
      await reader.subscribe(...METRIC_TOPICS.map((topic) => `${prefix}:${topic}`));
      return await untilAborted(signal);
    }
    const follower = new HistoryFollower(
      reader,
      METRIC_TOPICS.map((topic) => `${prefix}:${topic}:history`),
    );
    while (!signal.aborted) {
      const entries = await follower.poll().catch(() => []); // the broker may be unavailable
      for (const { envelope } of entries) this.take(envelope);
      await clock.sleep(POLL_MS, signal);
    }
  }
}
