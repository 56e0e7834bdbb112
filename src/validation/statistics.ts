import type { Vital } from "./vital.ts";
import type { VitalRun, WindowResult } from "./windows.ts";

/** An error up to this is right, in 1/min: what the confidence is a probability of. */
export const TOLERANCE: Readonly<Record<Vital, number>> = { pulse: 3, breathing: 2 };
const BINS = 10;

/** How good one vital was, in the names of the JSON report; absent where nothing can be said. */
export interface Summary {
  /** Windows whose truth is known. */
  readonly n: number;
  /** Share of them for which a value was published. */
  readonly coverage?: number;
  /** Of published values against the truth, in 1/min. */
  readonly mae?: number;
  readonly rmse?: number;
  readonly p95?: number;
  readonly pearson_r?: number;
  /** Mean of value minus truth. */
  readonly bias?: number;
  /** Share of published values within 3 per minute. */
  readonly within_3?: number;
  /** Expected calibration error of the confidence, over all guesses, published or not. */
  readonly calibration_error?: number;
  /** Seconds from the first frame to the first published value. */
  readonly first_value_s?: number;
  /** Windows for which a value was published, whether the truth is known or not. */
  readonly published: number;
  /** All windows. */
  readonly windows: number;
}

/** One bin of the reliability curve. */
export interface ReliabilityBin {
  readonly count: number;
  /** Mean probability that was stated. */
  readonly stated: number;
  /** Share that came true. */
  readonly right: number;
}

interface Pair {
  readonly value: number;
  readonly reference: number;
}

/** Published values that have a truth. */
export function publishedPairs(windows: readonly WindowResult[]): Pair[] {
  return windows.flatMap(({ strict, reference }) =>
    strict !== undefined && reference !== undefined ? [{ value: strict, reference }] : []
  );
}

export function summarize({ windows, firstValueS }: VitalRun, vital: Vital): Summary {
  const known = windows.filter(({ reference }) => reference !== undefined);
  const pairs = publishedPairs(windows);
  const errors = pairs.map(({ value, reference }) => value - reference);
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const r = pearson(pairs);
  const curve = reliability(windows, vital);
  return {
    n: known.length,
    ...(known.length ? { coverage: pairs.length / known.length } : {}),
    ...(pairs.length
      ? {
        mae: average(sizes),
        rmse: Math.sqrt(average(errors.map((error) => error ** 2))),
        p95: quantile(sizes, 0.95),
        bias: average(errors),
        within_3: sizes.filter((size) => size <= 3).length / sizes.length,
      }
      : {}),
    ...(r !== undefined ? { pearson_r: r } : {}),
    ...(curve.length ? { calibration_error: calibrationError(curve) } : {}),
    ...(firstValueS !== undefined ? { first_value_s: firstValueS } : {}),
    published: windows.filter(({ strict }) => strict !== undefined).length,
    windows: windows.length,
  };
}

/** Guesses by the probability that came with them, in ten bins; empty bins are left out. */
export function reliability(windows: readonly WindowResult[], vital: Vital): ReliabilityBin[] {
  const bins = Array.from({ length: BINS }, () => ({ count: 0, stated: 0, right: 0 }));
  for (const { rate, confidence, reference } of windows) {
    if (rate === undefined || confidence === undefined || reference === undefined) continue;
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
    bin.count++;
    bin.stated += confidence;
    bin.right += Math.abs(rate - reference) <= TOLERANCE[vital] ? 1 : 0;
  }
  return bins.filter(({ count }) => count > 0).map(({ count, stated, right }) => ({
    count,
    stated: stated / count,
    right: right / count,
  }));
}

/** Expected calibration error: the gap between stated and true, weighted by the bins' sizes. */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.reduce((sum, { count, stated, right }) => sum + count * Math.abs(stated - right), 0) /
    Math.max(1, total);
}

/** Pearson's correlation; undefined where one side does not vary. */
export function pearson(pairs: readonly Pair[]): number | undefined {
  const meanValue = average(pairs.map(({ value }) => value));
  const meanReference = average(pairs.map(({ reference }) => reference));
  let product = 0;
  let values = 0;
  let references = 0;
  for (const { value, reference } of pairs) {
    product += (value - meanValue) * (reference - meanReference);
    values += (value - meanValue) ** 2;
    references += (reference - meanReference) ** 2;
  }
  const size = Math.sqrt(values * references);
  return size > 1e-12 ? product / size : undefined;
}

/** The linear-interpolated quantile of sorted numbers, as numpy's default. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] ?? NaN;
  return below + (place - low) * ((sorted[low + 1] ?? below) - below);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
