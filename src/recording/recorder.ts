import type { Clock } from "../telemetry/clock.ts";
import { HistoryFollower } from "../transports/redis/history.ts";
import type { RedisReader } from "../transports/redis/reader.ts";
import type { SessionSaver } from "./saver.ts";

const TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"];
/** Interval of snapshots of the series, so that a running session can be inspected. Chosen. */
const SNAPSHOT_MS = 30_000;
/** Interval of polling the histories. Chosen. */
const POLL_MS = 200;
/** Snapshots take at most 1/20 of the time, because a session of many hours takes long to write. */
const MIN_PAUSE_PER_WRITE = 20;

/** What a recorder needs of the client of a Redis. */
export type RecorderReader = Pick<RedisReader, "subscribe" | "newestEntry" | "readEntries">;

export interface RecorderOptions {
  readonly reader: RecorderReader;
  readonly saver: Pick<SessionSaver, "add" | "snapshot">;
  /** Key prefix of the device. */
  readonly prefix: string;
  /** False if the device publishes to no channel, so that its histories are polled. */
  readonly usePubsub: boolean;
  readonly clock: Pick<Clock, "sleep" | "monotonicUs">;
}

/** Saves the messages of a device, and snapshots of its session. */
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
    await Promise.race([this.#failed.promise, this.#follow(signal), this.#snapshots(signal)]);
  }

  async #snapshots(signal: AbortSignal): Promise<void> {
    const { saver, clock } = this.#options;
    let pauseMs = SNAPSHOT_MS;
    while (true) {
      await clock.sleep(pauseMs, signal);
      if (signal.aborted) return;
      const startUs = clock.monotonicUs();
      saver.snapshot();
      const writeMs = (clock.monotonicUs() - startUs) / 1000;
      pauseMs = Math.max(SNAPSHOT_MS, MIN_PAUSE_PER_WRITE * writeMs);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { reader, prefix, usePubsub, clock } = this.#options;
    if (usePubsub) {
      await reader.subscribe(...TOPICS.map((topic) => `${prefix}:${topic}`));
      return await aborted(signal);
    }
    const follower = new HistoryFollower(
      reader,
      TOPICS.map((topic) => `${prefix}:${topic}:history`),
    );
    while (!signal.aborted) {
      const entries = await follower.poll().catch(() => []); // the broker may be unavailable
      for (const { envelope } of entries) this.take(envelope);
      await clock.sleep(POLL_MS, signal);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}
