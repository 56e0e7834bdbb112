import { mean, median } from "../../base/statistics.ts";
import { filterBeats, findBeats, type WindowBeat } from "../hrv/beats.ts";
import { type Trend, trendOfIntervals, trendOfTimes } from "./trend.ts";

/**
 * Filter and threshold for beats that are counted, not timed: fewer harmonics and smaller
 * excursions than for the variability miss fewer beats. Measured on UBFC-rPPG.
 */
const COUNTING = { harmonics: 2.2, minSwing: 0.25 } as const;
/** The shapes of beats are compared this far around the rise, in seconds. Chosen. */
const SHAPE_S = 0.25;
/** Intervals up to this far from the median, relative to it, are alike. Chosen. */
const ALIKE = 0.1;
/** Fewer beats have no rhythm. Chosen. */
const MIN_BEATS = 4;
/** Number of the newest intervals that give the newest rate. Chosen. */
const NEWEST_INTERVALS = 4;
/** Number of intervals before the newest two whose spread is known, and the fewest. Chosen. */
const SPREAD_INTERVALS = { most: 6, fewest: 4 } as const;
/** An interval of this many medians contains a beat that was missed. Chosen. */
const MISSED_BEAT = { from: 1.75, to: 2.25 } as const;
/** Two intervals under this many medians that add up to one contain a false beat. Chosen. */
const FALSE_BEAT = { below: 0.8, tolerance: 0.12 } as const;

/** The beats of one window and what they say about its rate. All rates are in beats/min. */
export interface Rhythm {
  /** Mean correlation of the beats' shapes with their mean shape; near 1 if every beat was seen. */
  readonly shapeSimilarity: number;
  /** Number of intervals, after missed and false beats were corrected. */
  readonly count: number;
  /** Share of the intervals within 10 % of the median interval, 0 to 1. */
  readonly regularity: number;
  /** Rate from the first to the last beat. */
  readonly rate: number;
  /** Rate of the newest intervals, undefined unless they are alike. */
  readonly newest: { readonly rate: number; readonly seconds: number } | undefined;
  /**
   * The two newest intervals over the median of those before: the one that is nearer to 1, or 1 if
   * one is longer and the other shorter.
   */
  readonly newestRatio: number;
  /** The same over the interval of the rate of the window. */
  readonly newestRatioToRate: number;
  /**
   * The largest factor, 1 or more, between one of the up to six intervals before the newest two and
   * their median; Infinity for fewer than four.
   */
  readonly spreadBefore: number;
  /** The largest factor, 1 or more, between one of the newest two intervals and that of the window. */
  readonly newestDeviation: number;
  /** Linear trend of the rate, by the intervals and by the times of the beats. */
  readonly trends: { readonly ofIntervals: Trend; readonly ofTimes: Trend };
}

/**
 * Finds the beats of a window and describes their rhythm.
 *
 * @param bvp blood volume pulse without gaps, systole is up.
 * @param options `rate` is the rate of the window by its spectrum, in beats/min.
 * @returns undefined for fewer than four beats.
 */
export function rhythmOf(
  bvp: Float64Array,
  { sampleRateHz, rate }: { sampleRateHz: number; rate: number },
): Rhythm | undefined {
  const beats = findBeats(bvp, { sampleRateHz, rate, ...COUNTING });
  if (beats.length < MIN_BEATS) return undefined;
  const times = beats.map(({ crossing }) => crossing / sampleRateHz);
  const intervals = times.slice(1).map((time, k) => time - times[k]!);
  const corrected = correctIntervals(intervals);
  const newest = intervals.slice(-NEWEST_INTERVALS);
  const line = { startS: times[0]!, intervals: corrected, endS: bvp.length / sampleRateHz };
  return {
    shapeSimilarity: shapeSimilarity(bvp, beats, { sampleRateHz, rate }),
    count: corrected.length,
    regularity: regularityOf(corrected),
    rate: 60 / mean(corrected),
    newest: regularityOf(newest) === 1
      ? { rate: 60 / mean(newest), seconds: mean(newest) * newest.length }
      : undefined,
    newestRatio: newestRatioOf(intervals),
    newestRatioToRate: commonRatio(intervals.slice(-2), 60 / rate),
    spreadBefore: spreadBeforeOf(intervals),
    newestDeviation: largestFactor(intervals.slice(-2), 60 / rate),
    trends: { ofIntervals: trendOfIntervals(line), ofTimes: trendOfTimes(line) },
  };
}

/** Splits intervals in which a beat was missed, and joins those around a false beat. */
export function correctIntervals(intervals: readonly number[]): number[] {
  const middle = median(intervals);
  const corrected: number[] = [];
  for (let k = 0; k < intervals.length; k++) {
    const [interval, next = Infinity] = [intervals[k]! / middle, intervals[k + 1]! / middle];
    if (interval > MISSED_BEAT.from && interval < MISSED_BEAT.to) {
      corrected.push(intervals[k]! / 2, intervals[k]! / 2);
    } else if (
      interval < FALSE_BEAT.below && next < FALSE_BEAT.below &&
      Math.abs(interval + next - 1) <= FALSE_BEAT.tolerance
    ) {
      corrected.push(intervals[k]! + intervals[k + 1]!);
      k++;
    } else corrected.push(intervals[k]!);
  }
  return corrected;
}

function regularityOf(intervals: readonly number[]): number {
  const middle = median(intervals);
  const alike = intervals.filter((interval) => Math.abs(interval - middle) <= ALIKE * middle);
  return alike.length / intervals.length;
}

function newestRatioOf(intervals: readonly number[]): number {
  const before = intervals.slice(-6, -2);
  return before.length === 0 ? 1 : commonRatio(intervals.slice(-2), median(before));
}

/** By how much all intervals are longer or shorter than a typical one; 1 if they are not. */
function commonRatio(intervals: readonly number[], typical: number): number {
  const ratios = intervals.map((interval) => interval / typical);
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  if (low > 1) return low;
  return high < 1 ? high : 1;
}

function spreadBeforeOf(intervals: readonly number[]): number {
  const before = intervals.slice(-2 - SPREAD_INTERVALS.most, -2);
  return before.length < SPREAD_INTERVALS.fewest ? Infinity : largestFactor(before, median(before));
}

/** The largest factor, 1 or more, between one of the intervals and a typical one. */
function largestFactor(intervals: readonly number[], typical: number): number {
  return Math.exp(Math.max(...intervals.map((each) => Math.abs(Math.log(each / typical)))));
}

function shapeSimilarity(
  bvp: Float64Array,
  beats: readonly WindowBeat[],
  { sampleRateHz, rate }: { sampleRateHz: number; rate: number },
): number {
  const signal = filterBeats(bvp, { sampleRateHz, rate });
  const half = Math.round(SHAPE_S * sampleRateHz);
  const shapes = beats.flatMap(({ crossing }) => {
    const center = Math.round(crossing);
    const inside = center >= half && center + half < signal.length;
    return inside ? [signal.subarray(center - half, center + half + 1)] : [];
  });
  if (shapes.length < 2) return 0;
  const template = shapes[0]!.map((_, k) => mean(shapes.map((shape) => shape[k]!)));
  return mean(shapes.map((shape) => cosineSimilarity(shape, template)));
}

function cosineSimilarity(a: Float64Array, b: Float64Array): number {
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let k = 0; k < a.length; k++) {
    product += a[k]! * b[k]!;
    squaresA += a[k]! ** 2;
    squaresB += b[k]! ** 2;
  }
  return product / (Math.sqrt(squaresA * squaresB) || 1);
}
