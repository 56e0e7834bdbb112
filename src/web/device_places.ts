import { MAX_DEVICES } from "../transports/redis/key_value_reader.ts";

/** Maximum number of devices without a place that are counted. */
const MAX_HIDDEN = 1000;
/** A device that has been silent for longer may be replaced by a new one, in milliseconds. */
const EVICTION_MS = 60_000;

/** Decides which devices are shown, so that invented key prefixes cannot exhaust the memory. */
export class DevicePlaces {
  readonly #named: ReadonlySet<string>;
  /** Devices without a place, and when they were last heard. */
  readonly #hidden = new Map<string, number>();

  /** @param named Devices that always have a place, whatever else publishes. */
  constructor(named: readonly string[]) {
    this.#named = new Set(named);
  }

  /** How many devices have no place. */
  get hidden(): number {
    return this.#hidden.size;
  }

  /**
   * Finds a place for a new device among those that are shown.
   *
   * @returns the device that has to give way, if any; `full` if there is no place, which is counted
   */
  place(
    name: string,
    { shown, nowMs }: {
      readonly shown: ReadonlyMap<string, { readonly heardMs: number }>;
      readonly nowMs: number;
    },
  ): { readonly evicted?: string } | "full" {
    if (this.#named.has(name)) return {};
    // Every message of a device without a place comes here.
    let others = 0;
    let silent: string | undefined;
    for (const [each, { heardMs }] of shown) {
      if (this.#named.has(each)) continue;
      others++;
      if (nowMs - heardMs >= EVICTION_MS) silent ??= each;
    }
    if (others < Math.max(0, MAX_DEVICES - this.#named.size)) return {};
    if (silent !== undefined) return { evicted: silent };
    if (this.#hidden.size < MAX_HIDDEN) this.#hidden.set(name, nowMs);
    return "full";
  }

  /** Forgets hidden devices that are shown now, or silent for a minute. */
  refresh({ isShown, nowMs }: {
    readonly isShown: (name: string) => boolean;
    readonly nowMs: number;
  }): void {
    for (const [name, heardMs] of this.#hidden) {
      if (isShown(name) || nowMs - heardMs > EVICTION_MS) this.#hidden.delete(name);
    }
  }
}
