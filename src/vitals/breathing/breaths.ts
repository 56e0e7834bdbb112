import { median } from "../../base/statistics.ts";
import { findExtrema, refineExtremum } from "../signal/extrema.ts";

/** One breath on the chest's trace; indices are samples, with fractions. */
export interface Breath {
  /** Where the inhaling begins: the trough before the peak. */
  readonly start: number;
  /** The end of the inhaling. */
  readonly peak: number;
  /** The trough after the peak. */
  readonly end: number;
  /** Height of the peak over the mean of its two troughs, in the trace's unit. */
  readonly amplitude: number;
}

/**
 * Splits a trace into breaths: rises and falls that are both at least `minSwing` high. Half
 * breaths at the ends are left out.
 *
 * A zigzag with hysteresis, which is how respiration belts are counted (Khodadad et al.,
 * Physiol. Meas. 39, 2018, call it the threshold of peak amplitude): a turn counts when the trace
 * has come back from it by `minSwing`.
 *
 * @param trace chest position, inhaling up, without holes.
 * @param minSwing in the trace's unit, over 0.
 */
export function findBreaths(trace: Float64Array, { minSwing }: { minSwing: number }): Breath[] {
  const turns = findExtrema(trace, minSwing);
  const breaths: Breath[] = [];
  for (let k = 1; k + 1 < turns.length; k++) {
    const [before, top, after] = [turns[k - 1]!, turns[k]!, turns[k + 1]!];
    if (!top.isMaximum) continue;
    const start = refineExtremum(trace, before.index);
    const peak = refineExtremum(trace, top.index);
    const end = refineExtremum(trace, after.index);
    const foot = (trace[before.index]! + trace[after.index]!) / 2;
    breaths.push({ start, peak, end, amplitude: trace[top.index]! - foot });
  }
  return breaths;
}

/**
 * The typical rate of a recording, in breaths/min: that of the median interval, which a sigh, a
 * pause or a missed breath does not move.
 *
 * @param peaks times of breaths in seconds, growing.
 * @returns undefined with fewer than two breaths.
 */
export function medianRate(peaks: readonly number[]): number | undefined {
  const intervals = peaks.slice(1).map((peak, k) => peak - peaks[k]!);
  return intervals.length ? 60 / median(intervals) : undefined;
}
