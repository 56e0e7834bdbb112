import type { Clock } from "../../telemetry/clock.ts";
import { HistoryFollower, type HistorySource } from "./history.ts";

/** What is asked of a Redis whose servers store keys and streams. */
export interface KeyValueSource extends HistorySource {
  /** The keys that match a glob pattern. */
  keys(pattern: string): Promise<readonly string[]>;
  get(key: string): Promise<string | null>;
}

export interface KeyValueOptions {
  readonly source: KeyValueSource;
  /** Prefixes, or patterns such as `ward-*`. */
  readonly devices: readonly string[];
  /** Takes each message under the name that its channel would have. */
  readonly onMessage: (channel: string, text: string) => void;
  readonly clock: Pick<Clock, "sleep">;
}

const TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"];
const POLL_MS = 100;
/** How often it is asked which devices there are. */
const DISCOVER_MS = 2000;
/** As many as the page shows. */
const MAX_DEVICES = 64;

/** Follows servers in key-value mode, which publish on no channel: everything from now on. */
export class KeyValues {
  readonly #options: KeyValueOptions;
  readonly #followers = new Map<string, HistoryFollower>();
  /** The devices whose pictures are wanted, each with the last one. */
  readonly #watched = new Map<string, string | null>();

  constructor(options: KeyValueOptions) {
    this.#options = options;
  }

  watch(device: string, watched: boolean): void {
    if (watched) this.#watched.set(device, null);
    else this.#watched.delete(device);
  }

  /** Resolves when `signal` aborts; a broker that is away comes back. */
  async run(signal: AbortSignal): Promise<void> {
    for (let elapsedMs = 0; !signal.aborted; elapsedMs += POLL_MS) {
      try {
        if (elapsedMs % DISCOVER_MS === 0) await this.#discover();
        await Promise.all([this.#readHistories(), this.#readFrames()]);
      } catch {
        // told by the connection
      }
      await this.#options.clock.sleep(POLL_MS, signal);
    }
  }

  async #discover(): Promise<void> {
    const { source, devices } = this.#options;
    for (const device of devices) {
      const keys = await source.keys(`${device}:status:history`);
      for (const name of keys.map((key) => key.slice(0, -":status:history".length))) {
        if (this.#followers.has(name) || this.#followers.size >= MAX_DEVICES) continue;
        const streams = TOPICS.map((topic) => `${name}:${topic}:history`);
        this.#followers.set(name, new HistoryFollower(source, streams));
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
    for (const [device, last] of this.#watched) {
      const key = `${device}:frame`;
      const frame = await this.#options.source.get(key);
      if (frame === null || frame === last || !this.#watched.has(device)) continue;
      this.#watched.set(device, frame);
      // The first may be of a device that has died since.
      if (last !== null) this.#options.onMessage(key, frame);
    }
  }
}
