import { setImmediate } from "node:timers";
import { type EpochUs, epochUs, type MonotonicUs, monotonicUs } from "../../src/base/time.ts";
import type { Clock } from "../../src/telemetry/clock.ts";

/** A clock that advances only when a test calls it; sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #nowUs: number;
  #sleepers: { readonly atUs: number; readonly wake: () => void }[] = [];

  /** @param startUs Initial monotonic time and wall time, in microseconds. */
  constructor(startUs = 1_700_000_000_000_000) {
    this.#nowUs = startUs;
  }

  monotonicUs(): MonotonicUs {
    return monotonicUs(this.#nowUs);
  }

  epochUs(time: MonotonicUs): EpochUs {
    return epochUs(time);
  }

  /** Number of calls that sleep. */
  get sleepers(): number {
    return this.#sleepers.length;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener("abort", wake);
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        resolve();
      };
      const sleeper = { atUs: this.#nowUs + ms * 1000, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }

  /** Advances by `ms` milliseconds; each sleeper that wakes runs before the time advances further. */
  async advance(ms: number): Promise<void> {
    const endUs = this.#nowUs + ms * 1000;
    while (true) {
      await settle();
      const [next] = this.#sleepers.toSorted((a, b) => a.atUs - b.atUs);
      if (!next || next.atUs > endUs) break;
      this.#nowUs = Math.max(this.#nowUs, next.atUs);
      next.wake();
    }
    this.#nowUs = endUs;
    await settle();
  }

  /** Advances by `ms` milliseconds at once, as after a suspend: sleepers that were due wake late. */
  async jump(ms: number): Promise<void> {
    this.#nowUs += ms * 1000;
    await this.advance(0);
  }
}

/** Resolves after all pending microtasks have run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
