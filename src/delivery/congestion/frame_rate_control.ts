import { BIT_RATE_PER_STEP, DEGRADATION_STEP } from "../../frames/degradation.ts";

/** Tolerance for floating-point error when a degradation is rounded up to tenths. */
const ROUNDING = 1e-6;
/** Delay before a step shows its effect: frames in flight must arrive first. Microseconds. */
const SETTLING_US = 500_000;
/** How long utilization must stay low before the bit rate is raised, in microseconds. */
const RECOVERY_DELAY_US = 3_000_000;

/**
 * Controls the bit rate of frames by their degradation: 0 is full rate and quality, 1 the maximum
 * reduction, in steps of a tenth. Each step multiplies the bit rate by `BIT_RATE_PER_STEP`.
 *
 * The controller reduces fast and recovers slowly (hysteresis). A degradation can be provisional:
 * set without evidence of what the link carries. A provisional one is lifted step by step as soon
 * as acknowledgements show capacity to spare; a confirmed one only after a period of low
 * utilization, after which it becomes provisional.
 */
export class RateController {
  #degradation = 0;
  #changedUs = -Infinity;
  #lowUtilizationSinceUs: number | undefined;
  #provisionalSinceUs: number | undefined;

  /** Current degradation, from 0 to 1 in tenths. */
  get degradation(): number {
    return this.#degradation;
  }

  /** When the degradation became provisional, in microseconds; undefined while it is confirmed. */
  get provisionalSinceUs(): number | undefined {
    return this.#provisionalSinceUs;
  }

  /** Approximate ratio of the bit rate at the current degradation to the one at `degradation`. */
  bitRateRatioTo(degradation: number): number {
    return BIT_RATE_PER_STEP ** (10 * (this.#degradation - degradation));
  }

  /** Lowest degradation that scales the current bit rate by `ratio` or less. */
  degradationFor(ratio: number): number {
    const tenths = Math.log(ratio) / Math.log(BIT_RATE_PER_STEP);
    return Math.min(1, Math.max(0, Math.ceil(10 * this.#degradation + tenths - ROUNDING) / 10));
  }

  /** Degrades by one step, or at once to `minDegradation`. The result is confirmed. */
  degrade(nowUs: number, minDegradation = 0): void {
    this.#lowUtilizationSinceUs = undefined;
    this.#provisionalSinceUs = undefined;
    if (nowUs - this.#changedUs < SETTLING_US) return;
    this.#set(Math.max(this.#degradation + DEGRADATION_STEP, minDegradation), nowUs);
  }

  /** Degrades to `minDegradation` at once. The result is provisional. */
  degradeProvisionally(nowUs: number, minDegradation: number): void {
    this.#lowUtilizationSinceUs = undefined;
    if (minDegradation <= this.#degradation) return;
    this.#provisionalSinceUs = nowUs;
    this.#set(minDegradation, nowUs);
  }

  /** Lifts a provisional degradation by two steps, and confirms it at `minDegradation`. */
  recover(nowUs: number, minDegradation: number): void {
    if (minDegradation < this.#degradation) {
      this.#set(Math.max(minDegradation, this.#degradation - 2 * DEGRADATION_STEP), nowUs);
    } else this.#provisionalSinceUs = undefined;
  }

  /** Reports low utilization of the link. Once it has lasted, the degradation is provisional. */
  reportLowUtilization(nowUs: number): void {
    this.#lowUtilizationSinceUs ??= nowUs;
    if (nowUs - this.#lowUtilizationSinceUs >= RECOVERY_DELAY_US) this.markProvisional(nowUs);
  }

  /** Reports a utilization that calls for no change. */
  reportModerateUtilization(): void {
    this.#lowUtilizationSinceUs = undefined;
  }

  /** Makes the degradation provisional, as what it was based on may be wrong. */
  markProvisional(nowUs: number): void {
    this.#lowUtilizationSinceUs = undefined;
    if (this.#degradation > 0) this.#provisionalSinceUs = nowUs;
  }

  #set(degradation: number, nowUs: number): void {
    this.#changedUs = nowUs;
    this.#degradation = Math.round(Math.min(1, Math.max(0, degradation)) * 10) / 10;
    if (this.#degradation === 0) this.#provisionalSinceUs = undefined;
  }
}
