import { median } from "../../base/statistics.ts";
import { findExtrema, refineExtremum } from "../signal/extrema.ts";

/** A breath in a chest trace; positions are sample indices with fractions. */
export interface Breath {
  /** Start of the inhalation: the trough before the peak. */
  readonly start: number;
  /** End of the inhalation. */
  readonly peak: number;
  /** End of the exhalation: the trough after the peak. */
  readonly end: number;
  /** Height of the peak above the mean of both troughs, in the trace's unit. */
  readonly amplitude: number;
}

/**
 * Segments a trace into breaths whose rise and fall are both at least `minSwing`. Incomplete
 * breaths at both ends are left out.
 *
 * The method is a zigzag with hysteresis, as used for respiration belts: an extremum counts once
 * the trace has moved away from it by `minSwing`.
 *
 * Source: Khodadad et al., Physiol. Meas. 39, 2018, who call it the threshold of peak amplitude.
 *
 * @param trace chest position without gaps, inhaling is up.
 * @param options `minSwing` in the trace's unit, greater than 0.
 */
export function findBreaths(trace: Float64Array, { minSwing }: { minSwing: number }): Breath[] {
  const extrema = findExtrema(trace, minSwing);
  const breaths: Breath[] = [];
  for (let k = 1; k + 1 < extrema.length; k++) {
    const [before, top, after] = [extrema[k - 1]!, extrema[k]!, extrema[k + 1]!];
    if (!top.isMaximum) continue;
    const start = refineExtremum(trace, before.index);
    const peak = refineExtremum(trace, top.index);
    const end = refineExtremum(trace, after.index);
    const troughLevel = (trace[before.index]! + trace[after.index]!) / 2;
    breaths.push({ start, peak, end, amplitude: trace[top.index]! - troughLevel });
  }
  return breaths;
}

/**
 * Returns the typical breathing rate of a recording, in breaths/min. It uses the median interval,
 * which a sigh, a pause or a missed breath does not change.
 *
 * @param peaks ascending times of breaths, in seconds.
 * @returns undefined with fewer than two breaths.
 */
export function medianRate(peaks: readonly number[]): number | undefined {
  const intervals = peaks.slice(1).map((peak, k) => peak - peaks[k]!);
  return intervals.length ? 60 / median(intervals) : undefined;
}
