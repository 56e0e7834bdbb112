import { mean } from "../base/statistics.ts";
import type { Vital } from "./vital.ts";
import type { VitalRun, WindowResult } from "./windows.ts";

/** Maximum error of a correct estimate, in 1/min; confidence is the probability of such an error. */
export const TOLERANCE: Readonly<Record<Vital, number>> = { pulse: 3, breathing: 2 };
const BINS = 10;

/** Accuracy of one vital sign, by the keys of the JSON report; a key without data is absent. */
export interface Summary {
  /** Number of windows with a reference. */
  readonly n: number;
  /** Fraction of those windows for which a value was published. */
  readonly coverage?: number;
  /** Mean absolute error of the published values, in 1/min. */
  readonly mae?: number;
  /** Root mean square error, in 1/min. */
  readonly rmse?: number;
  /** 95th percentile of the absolute error, in 1/min. */
  readonly p95?: number;
  readonly pearson_r?: number;
  /** Mean of value minus reference, in 1/min. */
  readonly bias?: number;
  /** Fraction of the published values within 3/min of the reference. */
  readonly within_3?: number;
  /** Expected calibration error of the confidence, over all estimates, published or not. */
  readonly calibration_error?: number;
  /** Seconds from the first frame to the first published value. */
  readonly first_value_s?: number;
  /** Number of windows for which a value was published, with or without a reference. */
  readonly published: number;
  /** Number of all windows. */
  readonly windows: number;
}

/** One bin of the reliability curve. */
export interface ReliabilityBin {
  readonly count: number;
  /** Mean confidence of the estimates. */
  readonly stated: number;
  /** Fraction of the estimates within the tolerance. */
  readonly right: number;
}

interface ValuePair {
  readonly value: number;
  readonly reference: number;
}

/** Returns the published values that have a reference. */
export function publishedPairs(windows: readonly WindowResult[]): ValuePair[] {
  return windows.flatMap(({ strict, reference }) =>
    strict !== undefined && reference !== undefined ? [{ value: strict, reference }] : []
  );
}

/** Summarizes the accuracy of one vital sign. */
export function summarize({ windows, firstValueS }: VitalRun, vital: Vital): Summary {
  const withReference = windows.filter(({ reference }) => reference !== undefined);
  const pairs = publishedPairs(windows);
  const errors = pairs.map(({ value, reference }) => value - reference);
  const absoluteErrors = errors.map(Math.abs).sort((a, b) => a - b);
  const r = pearson(pairs);
  const curve = reliability(windows, vital);
  return {
    n: withReference.length,
    ...(withReference.length ? { coverage: pairs.length / withReference.length } : {}),
    ...(pairs.length
      ? {
        mae: mean(absoluteErrors),
        rmse: Math.sqrt(mean(errors.map((error) => error ** 2))),
        p95: quantile(absoluteErrors, 0.95),
        bias: mean(errors),
        within_3: absoluteErrors.filter((error) => error <= 3).length / absoluteErrors.length,
      }
      : {}),
    ...(r !== undefined ? { pearson_r: r } : {}),
    ...(curve.length ? { calibration_error: calibrationError(curve) } : {}),
    ...(firstValueS !== undefined ? { first_value_s: firstValueS } : {}),
    published: windows.filter(({ strict }) => strict !== undefined).length,
    windows: windows.length,
  };
}

/** Returns the reliability curve: estimates in ten bins of confidence, without empty bins. */
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

/**
 * Expected calibration error (Naeini 2015): mean of |stated - observed|, weighted by bin counts; NaN
 * without a bin.
 */
export function calibrationError(bins: readonly ReliabilityBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0);
  const errors = bins.map(({ count, stated, right }) => count * Math.abs(stated - right));
  return errors.reduce((sum, error) => sum + error, 0) / total;
}

/** Pearson's correlation coefficient; undefined if one side is constant. */
export function pearson(pairs: readonly ValuePair[]): number | undefined {
  const meanValue = mean(pairs.map(({ value }) => value));
  const meanReference = mean(pairs.map(({ reference }) => reference));
  let product = 0;
  let values = 0;
  let references = 0;
  for (const { value, reference } of pairs) {
    product += (value - meanValue) * (reference - meanReference);
    values += (value - meanValue) ** 2;
    references += (reference - meanReference) ** 2;
  }
  const scale = Math.sqrt(values * references);
  return scale > 1e-12 ? product / scale : undefined;
}

/** Quantile of sorted values by linear interpolation, as the default of numpy. */
export function quantile(sorted: readonly number[], fraction: number): number {
  const position = fraction * (sorted.length - 1);
  const low = Math.floor(position);
  const below = sorted[low] ?? NaN;
  return below + (position - low) * ((sorted[low + 1] ?? below) - below);
}
