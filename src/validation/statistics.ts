import { mean } from "../base/statistics.ts";
import type { Vital } from "./vital.ts";
import type { VitalRun, WindowResult } from "./windows.ts";

/** Maximum error of a correct estimate, in 1/min; confidence is the probability of such an error. */
export const TOLERANCE: Readonly<Record<Vital, number>> = { pulse: 3, breathing: 2 };
/** Minimum confidence of an estimate that counts as confident; that of a published value. */
export const CONFIDENT = 0.7;
const BINS = 10;

/** Accuracy of one vital sign, by the keys of the JSON report; a key without data is absent. */
export interface Summary {
  /** Number of windows with a reference. */
  readonly n: number;
  /** Fraction of those windows for which a value was published. */
  readonly coverage?: number;
  /** Mean absolute error of the published values, in 1/min. */
  readonly mae?: number;
  /**
   * Accuracy root mean square (Arms) of the published values, in 1/min, as in ISO 80601-2-61: the
   * root mean square error.
   */
  readonly arms?: number;
  /** 95th percentile of the absolute error, in 1/min. */
  readonly p95?: number;
  readonly pearson_r?: number;
  /** Mean of value minus reference, in 1/min. */
  readonly bias?: number;
  /** Mean absolute percentage error of the published values, as a fraction. */
  readonly mape?: number;
  /** Fraction of the published values within 3/min of the reference. */
  readonly within_3?: number;
  /** Fraction of the published values within 10 % of the reference or 5/min, the greater of both. */
  readonly within_10_percent_or_5?: number;
  /** Number of estimates with a confidence of 0.70 or more and a reference. */
  readonly confident?: number;
  /** Fraction of the confident estimates with an error over 10/min. */
  readonly confident_errors_10?: number;
  /** Fraction of the confident estimates with an error over 15/min. */
  readonly confident_errors_15?: number;
  /** Area under the risk-coverage curve divided by its greatest coverage: the mean risk. */
  readonly aurc?: number;
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
  const riskCurve = riskCoverage(windows, vital);
  const confident = comparedEstimates(windows).filter(({ confidence }) => confidence >= CONFIDENT);
  const confidentOver = (limit: number) => shareOf(confident, ({ error }) => error > limit);
  return {
    n: withReference.length,
    ...(withReference.length ? { coverage: pairs.length / withReference.length } : {}),
    ...(pairs.length
      ? {
        mae: mean(absoluteErrors),
        arms: Math.sqrt(mean(errors.map((error) => error ** 2))),
        p95: quantile(absoluteErrors, 0.95),
        bias: mean(errors),
        mape: mean(pairs.map(({ value, reference }) => Math.abs(value - reference) / reference)),
        within_3: shareOf(absoluteErrors, (error) => error <= 3),
        within_10_percent_or_5: shareOf(
          pairs,
          ({ value, reference }) => Math.abs(value - reference) <= Math.max(0.1 * reference, 5),
        ),
      }
      : {}),
    ...(withReference.length ? { confident: confident.length } : {}),
    ...(confident.length
      ? { confident_errors_10: confidentOver(10), confident_errors_15: confidentOver(15) }
      : {}),
    ...(riskCurve.length ? { aurc: meanRisk(riskCurve) } : {}),
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
  for (const { confidence, error } of comparedEstimates(windows)) {
    const bin = bins[Math.min(BINS - 1, Math.floor(confidence * BINS))]!;
    bin.count++;
    bin.stated += confidence;
    bin.right += error <= TOLERANCE[vital] ? 1 : 0;
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

/** One point of the risk-coverage curve. */
export interface RiskPoint {
  /** Minimum confidence of the covered estimates. */
  readonly confidence: number;
  /** Fraction of the windows with a reference that is covered. */
  readonly coverage: number;
  /** Fraction of the covered estimates outside the tolerance. */
  readonly risk: number;
}

/**
 * Risk-coverage curve (El-Yaniv & Wiener 2010, JMLR 11; Geifman & El-Yaniv 2017, NeurIPS): the risk
 * of the estimates of highest confidence, published or not, for each confidence that occurs.
 */
export function riskCoverage(windows: readonly WindowResult[], vital: Vital): RiskPoint[] {
  const withReference = windows.filter(({ reference }) => reference !== undefined).length;
  const estimates = comparedEstimates(windows).sort((a, b) => b.confidence - a.confidence);
  const points: RiskPoint[] = [];
  let wrong = 0;
  for (const [index, { confidence, error }] of estimates.entries()) {
    wrong += error > TOLERANCE[vital] ? 1 : 0;
    // Estimates of equal confidence are covered together, so that their order does not matter.
    if (estimates[index + 1]?.confidence === confidence) continue;
    const covered = index + 1;
    points.push({ confidence, coverage: covered / withReference, risk: wrong / covered });
  }
  return points;
}

/** Area under a risk-coverage curve (AURC) divided by its greatest coverage; NaN without a point. */
export function meanRisk(points: readonly RiskPoint[]): number {
  const areas = points.map(({ coverage, risk }, k) =>
    (coverage - (points[k - 1]?.coverage ?? 0)) * risk
  );
  return areas.reduce((sum, area) => sum + area, 0) / (points.at(-1)?.coverage ?? 0);
}

/** Returns confidence and absolute error of each estimate with a reference, published or not. */
function comparedEstimates(windows: readonly WindowResult[]) {
  return windows.flatMap(({ rate, confidence, reference }) =>
    rate === undefined || confidence === undefined || reference === undefined
      ? []
      : [{ confidence, error: Math.abs(rate - reference) }]
  );
}

function shareOf<Item>(items: readonly Item[], isIncluded: (item: Item) => boolean): number {
  return items.filter(isIncluded).length / items.length;
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
