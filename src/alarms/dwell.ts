/** Longest time without a known value that a streak survives, in microseconds. */
export const MAX_GAP_US = 10_000_000;

interface Streak {
  readonly startUs: number;
  readonly lastUs: number;
  /** Time that values outside describe; that of withheld ones does not count. */
  readonly countedUs: number;
}

/**
 * Measures for how long a condition has lasted, on capture time. Each envelope describes the time
 * since the one before it.
 */
export class Dwell {
  readonly #maxGapUs: number;
  #streak: Streak | undefined;

  /** @param maxGapUs time without a known value after which the streak starts again */
  constructor({ maxGapUs = MAX_GAP_US }: { readonly maxGapUs?: number } = {}) {
    this.#maxGapUs = maxGapUs;
  }

  /** When the condition began; undefined while it does not hold. */
  get startUs(): number | undefined {
    return this.#streak?.startUs;
  }

  /** How long the condition has been observed, in microseconds; 0 while it does not hold. */
  get countedUs(): number {
    return this.#streak?.countedUs ?? 0;
  }

  /**
   * Adds an envelope in which the condition holds.
   *
   * @param spanUs time since the envelope before, in microseconds
   */
  add(timestamp: number, spanUs: number): void {
    const { startUs = timestamp, lastUs = timestamp, countedUs = 0 } = this.#streak ?? {};
    this.#streak = timestamp - lastUs > this.#maxGapUs
      ? { startUs: timestamp, lastUs: timestamp, countedUs: 0 }
      : {
        startUs,
        lastUs: timestamp,
        countedUs: countedUs + Math.min(spanUs, timestamp - lastUs, MAX_GAP_US),
      };
  }

  reset(): void {
    this.#streak = undefined;
  }
}
