import { isPattern } from "../../base/glob.ts";
import { METRIC_TOPICS } from "../../envelopes/envelope.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { untaggedPrefix } from "./partition.ts";
import { HistoryFollower, type HistorySource } from "./history.ts";

/** Reads keys and streams of a Redis. */
export interface KeyValueSource extends HistorySource {
  /** What the names of keys begin with for a device, or for a pattern of devices. */
  prefixOf(device: string): string;
  /** Returns the keys that match a glob pattern. */
  keys(pattern: string): Promise<readonly string[]>;
  get(key: string): Promise<string | null>;
}

export interface KeyValueReaderOptions {
  readonly source: KeyValueSource;
  /** Key prefixes, or patterns such as `ward-*`. */
  readonly devices: readonly string[];
  /** Called with each message and the name of the channel that it would have. */
  readonly onMessage: (channel: string, text: string) => void;
  /** The topics whose histories are read. @default all but frames */
  readonly topics?: readonly string[];
  /**
   * Returns the id of the entry after which reading the histories of a device starts.
   *
   * @default the newest
   */
  readonly startAfter?: ((device: string) => string) | undefined;
  readonly clock: Pick<Clock, "sleep">;
}

const POLL_MS = 100;
/** Interval of stills, in milliseconds. */
const STILL_INTERVAL_MS = 1000;
/** Interval at which new devices are discovered, in milliseconds. */
const DISCOVER_MS = 2000;
/** Maximum number of devices beside those with a name, so that invented prefixes stay harmless. */
export const MAX_DEVICES = 256;

/** A device whose frames are read. */
interface WatchedFrames {
  /** The last frame that was read. */
  last: string | null;
  readonly everyPolls: number;
  polls: number;
}

/** Reads new messages of devices in key-value mode, which publish to no channel, by polling. */
export class KeyValueReader {
  readonly #options: KeyValueReaderOptions;
  readonly #followers = new Map<string, HistoryFollower>();
  readonly #watched = new Map<string, WatchedFrames>();

  constructor(options: KeyValueReaderOptions) {
    this.#options = options;
  }

  /** Reads the frames of a device: all, one a second, or none. */
  watch(device: string, demand: "live" | "stills" | "none"): void {
    if (demand === "none") return void this.#watched.delete(device);
    const everyPolls = demand === "live" ? 1 : STILL_INTERVAL_MS / POLL_MS;
    const { last = null } = this.#watched.get(device) ?? {};
    this.#watched.set(device, { last, everyPolls, polls: 0 });
  }

  /** Polls until `signal` aborts. Errors are retried. */
  async run(signal: AbortSignal): Promise<void> {
    for (let elapsedMs = 0; !signal.aborted; elapsedMs += POLL_MS) {
      try {
        if (elapsedMs % DISCOVER_MS === 0) await this.#discover();
        await Promise.all([this.#readHistories(), this.#readFrames()]);
      } catch {
        // The connection logs its own errors.
      }
      await this.#options.clock.sleep(POLL_MS, signal);
    }
  }

  async #discover(): Promise<void> {
    const { source, devices, topics = METRIC_TOPICS, startAfter } = this.#options;
    for (const device of devices) {
      const keys = await source.keys(`${source.prefixOf(device)}:status:history`);
      for (const prefix of keys.map((key) => key.slice(0, -":status:history".length))) {
        const isFull = this.#followers.size >= MAX_DEVICES && isPattern(device);
        if (this.#followers.has(prefix) || isFull) continue;
        const streams = topics.map((topic) => `${prefix}:${topic}:history`);
        const after = startAfter?.(untaggedPrefix(prefix));
        this.#followers.set(prefix, new HistoryFollower(source, streams, { after }));
      }
    }
  }

  async #readHistories(): Promise<void> {
    for (const follower of this.#followers.values()) {
      for (const { stream, envelope } of await follower.poll()) {
        this.#options.onMessage(stream.slice(0, -":history".length), envelope);
      }
    }
  }

  async #readFrames(): Promise<void> {
    for (const [device, watched] of this.#watched) {
      if (watched.polls++ % watched.everyPolls > 0) continue;
      const { last } = watched;
      const { source } = this.#options;
      const key = `${source.prefixOf(device)}:frame`;
      const frame = await source.get(key);
      if (frame === null || frame === last || this.#watched.get(device) !== watched) continue;
      watched.last = frame;
      // The first frame may be an old one of a device that is gone.
      if (last !== null) this.#options.onMessage(key, frame);
    }
  }
}
