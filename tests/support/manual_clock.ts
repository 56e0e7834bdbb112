import { type EpochUs, epochUs, type MonotonicUs, monotonicUs } from "../../src/base/time.ts";
import type { Clock } from "../../src/telemetry/clock.ts";

/** A clock that stands still until it is told to go on; sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #nowUs: number;
  #sleepers: { readonly atUs: number; readonly wake: () => void }[] = [];

  /** @param startUs both the monotonic and the wall time to begin with. */
  constructor(startUs = 1_700_000_000_000_000) {
    this.#nowUs = startUs;
  }

  monotonicUs(): MonotonicUs {
    return monotonicUs(this.#nowUs);
  }

  epochUs(time: MonotonicUs): EpochUs {
    return epochUs(time);
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

  /** Lets `ms` milliseconds pass; whoever wakes gets its turn before the time goes on. */
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

  /** Lets `ms` milliseconds pass at once, as a machine that slept: all that were due wake late. */
  async jump(ms: number): Promise<void> {
    this.#nowUs += ms * 1000;
    await this.advance(0);
  }
}

/** Lets all that waits for promises alone come to rest. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
