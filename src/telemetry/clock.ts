import { type Log, silentLog } from "./log.ts";
import { type EpochUs, epochUs, type MonotonicUs, monotonicUs } from "../base/time.ts";

/**
 * Source of time, injected so that tests need not sleep.
 *
 * Monotonic time orders frames; Unix time stamps envelopes. Both are in microseconds.
 */
export interface Clock {
  /** Microseconds of a clock that never steps, from an arbitrary origin. */
  monotonicUs(): MonotonicUs;
  /** Converts a monotonic time to microseconds since the Unix epoch. */
  epochUs(monotonicUs: MonotonicUs): EpochUs;
  /** Resolves after `ms` milliseconds, or as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Maximum slew of the timestamps after the system clock was set back, as a fraction of elapsed time. */
const MAX_SLEW = 0.1;
/**
 * Timestamps slew to a clock that was set back by up to this much, in microseconds. Chosen, so that
 * the durations between timestamps are not distorted for more than 100 s.
 */
const MAX_SLEWED_US = 10_000_000;
/** Smallest step of the system clock that is logged, in microseconds. Chosen. */
const LOGGED_STEP_US = 1_000_000;
/** The clocks are read at most this often to find their offset. */
const MAX_READS = 5;
/** Time for reading both clocks that is accepted at once, in milliseconds. */
const MAX_READ_MS = 0.5;
/** Interval at which the offset between the clocks is measured, in microseconds. */
const REFRESH_US = 1_000_000;

/**
 * The clocks of the system. If the system clock is set forward (a Raspberry Pi that reaches its
 * NTP server), timestamps step with it. If it is set back, they must not decrease: they slew to it,
 * or stay ahead of it, at the speed of real time, if it was set back far. Steps are logged.
 */
export class SystemClock implements Clock {
  #offsetUs: number;
  #refreshedUs: number;
  /** Difference to the system clock that is known after the last measurement, in microseconds. */
  #knownDifferenceUs = 0;

  /**
   * @param epochNowMs the system clock in milliseconds since the Unix epoch, replaceable in tests
   * @param monotonicNowMs the monotonic clock in milliseconds, replaceable in tests
   * @param log receives the steps of the system clock
   */
  constructor(
    private readonly epochNowMs: () => number = () => Date.now(),
    private readonly monotonicNowMs: () => number = () => performance.now(),
    private readonly log: Pick<Log, "info" | "warning"> = silentLog,
  ) {
    this.#refreshedUs = this.monotonicUs();
    this.#offsetUs = this.#measureOffsetUs();
  }

  monotonicUs(): MonotonicUs {
    return monotonicUs(Math.round(this.monotonicNowMs() * 1000));
  }

  epochUs(monotonicUs: MonotonicUs): EpochUs {
    this.#refresh();
    return epochUs(Math.round(monotonicUs + this.#offsetUs));
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
      signal?.addEventListener("abort", finish);
    });
  }

  /**
   * Reads both clocks, again if the process was suspended in between: on a busy machine that would
   * look like a step of the system clock.
   */
  #measureOffsetUs(): number {
    let best = { elapsedMs: Infinity, offsetUs: 0 };
    for (let attempt = 0; attempt < MAX_READS && best.elapsedMs > MAX_READ_MS; attempt++) {
      const beforeMs = this.monotonicNowMs();
      const epochMs = this.epochNowMs();
      const elapsedMs = this.monotonicNowMs() - beforeMs;
      if (elapsedMs < best.elapsedMs) {
        best = { elapsedMs, offsetUs: (epochMs - beforeMs - elapsedMs / 2) * 1000 };
      }
    }
    return best.offsetUs;
  }

  #refresh(): void {
    const nowUs = this.monotonicUs();
    const elapsedUs = nowUs - this.#refreshedUs;
    if (elapsedUs < REFRESH_US) return;
    this.#refreshedUs = nowUs;
    // Date.now() has a resolution of 1 ms, so a difference this small is not a step.
    const differenceUs = this.#measureOffsetUs() - this.#offsetUs;
    if (Math.abs(differenceUs) < 2_000) return;
    this.#logStep(differenceUs);
    const correctionUs = differenceUs < -MAX_SLEWED_US
      ? 0
      : Math.max(differenceUs, -MAX_SLEW * elapsedUs);
    this.#offsetUs += correctionUs;
    this.#knownDifferenceUs = differenceUs - correctionUs;
  }

  #logStep(differenceUs: number): void {
    const stepUs = differenceUs - this.#knownDifferenceUs;
    if (Math.abs(stepUs) < LOGGED_STEP_US) return;
    const seconds = { seconds: Math.round(Math.abs(stepUs) / 1e5) / 10 };
    if (stepUs > 0) this.log.info("The system clock was set forward", seconds);
    else if (differenceUs >= -MAX_SLEWED_US) {
      this.log.warning("The system clock was set back: timestamps slew to it", seconds);
    } else {
      this.log.warning(
        "The system clock was set back: timestamps stay ahead of it, because they never decrease: " +
          "restart the server to follow the clock",
        { ...seconds, ahead_s: Math.round(-differenceUs / 1e6) },
      );
    }
  }
}
