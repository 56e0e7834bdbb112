/**
 * Time for the whole appliance, injected so that no test has to sleep.
 *
 * Monotonic time orders frames; wall time stamps envelopes. Both are in microseconds.
 */
export interface Clock {
  /** Microseconds of a clock that never steps, since an arbitrary origin. */
  monotonicUs(): number;
  /** Microseconds since the Unix epoch of the moment that `monotonicUs` names. */
  epochUs(monotonicUs: number): number;
  /** Resolves after `ms` milliseconds, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The share of real time that a wall clock set backwards may take from our timestamps. */
const MAX_SLEW = 0.1;
/** How often the offset between the clocks is looked at again. */
const REFRESH_US = 1_000_000;

/**
 * The machine's clocks. A wall clock that is set forward (a Raspberry Pi that finds its NTP server)
 * is followed at once; one that is set backward is followed slowly, so that timestamps never
 * run backward.
 */
export class SystemClock implements Clock {
  #offsetUs: number;
  #refreshedUs: number;

  /** @param wallNowMs the wall clock in milliseconds since the Unix epoch, replaceable in tests. */
  constructor(
    private readonly wallNowMs: () => number = () => Date.now(),
    private readonly monotonicNowMs: () => number = () => performance.now(),
  ) {
    this.#refreshedUs = this.monotonicUs();
    this.#offsetUs = this.#measureOffsetUs();
  }

  monotonicUs(): number {
    return Math.round(this.monotonicNowMs() * 1000);
  }

  epochUs(monotonicUs: number): number {
    this.#refresh();
    return Math.round(monotonicUs + this.#offsetUs);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal?.addEventListener("abort", finish, { once: true });
    });
  }

  #measureOffsetUs(): number {
    return this.wallNowMs() * 1000 - this.monotonicNowMs() * 1000;
  }

  #refresh(): void {
    const nowUs = this.monotonicUs();
    const elapsedUs = nowUs - this.#refreshedUs;
    if (elapsedUs < REFRESH_US) return;
    this.#refreshedUs = nowUs;
    // Date.now() has a resolution of 1 ms: a smaller difference is no step.
    const differenceUs = this.#measureOffsetUs() - this.#offsetUs;
    if (Math.abs(differenceUs) < 2_000) return;
    this.#offsetUs += Math.max(differenceUs, -MAX_SLEW * elapsedUs);
  }
}
