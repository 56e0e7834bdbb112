import { mean } from "../../base/statistics.ts";

/** Time before the end of a window for which the rate of its trend is given, in seconds. Chosen. */
export const TREND_END_S = 2;
/** A trend needs this many intervals. Chosen. */
const MIN_INTERVALS = 6;

/** A line through the rates of a window's beats. */
export interface Trend {
  /** Change of the rate, in beats/min per second. */
  readonly slope: number;
  /** Slope over its standard error, without a sign; 0 for too few intervals. */
  readonly significance: number;
  /** Mean rate of the line over the last two seconds of the window, in beats/min. */
  readonly endRate: number;
}

/** The beats of a window, in seconds since its start. */
export interface BeatIntervals {
  readonly startS: number;
  readonly intervals: readonly number[];
  /** The end of the window. */
  readonly endS: number;
}

/**
 * The line through the rates of the intervals, by least squares. Each interval has its own error, as
 * with a heart that beats unevenly.
 */
export function trendOfIntervals({ startS, intervals, endS }: BeatIntervals): Trend {
  let endOfBeatS = startS;
  const times = intervals.map((interval) => (endOfBeatS += interval) - interval / 2);
  const rates = intervals.map((interval) => 60 / interval);
  const [time, rate] = [mean(times), mean(rates)];
  const squares = sumOf(times, (value) => (value - time) ** 2);
  const slope = sumOf(times, (value, k) => (value - time) * rates[k]!) / squares;
  const endRate = rate + slope * (endS - TREND_END_S / 2 - time);
  const residuals = sumOf(times, (value, k) => (rates[k]! - rate - slope * (value - time)) ** 2);
  const error = Math.sqrt(residuals / (intervals.length - 2) / squares);
  return { slope, significance: significanceOf(slope, { error, intervals }), endRate };
}

/**
 * The same by a parabola through the numbers of the beats over their times. Each time has its own
 * error, as with a steady heart in noise: it makes one interval longer and the next one shorter, so
 * that the standard error of a line through the intervals would be too large.
 */
export function trendOfTimes({ startS, intervals, endS }: BeatIntervals): Trend {
  let timeS = startS;
  const times = [startS, ...intervals.map((interval) => timeS += interval)];
  const middle = mean(times);
  // Polynomials of first and second degree that are orthogonal to each other and to a constant.
  const first = times.map((time) => time - middle);
  const squares = sumOf(first, (value) => value ** 2);
  const skew = sumOf(first, (value) => value ** 3) / squares;
  const second = first.map((value) => value ** 2 - skew * value - squares / times.length);
  const squaresOfSecond = sumOf(second, (value) => value ** 2);
  const rate = sumOf(first, (value, beat) => beat * value) / squares;
  const curvature = sumOf(second, (value, beat) => beat * value) / squaresOfSecond;
  const residuals = sumOf(
    first,
    (value, beat) => (beat - intervals.length / 2 - rate * value - curvature * second[beat]!) ** 2,
  );
  const error = Math.sqrt(residuals / (intervals.length - 2) / squaresOfSecond);
  const sinceMiddle = endS - TREND_END_S / 2 - middle;
  return {
    slope: 120 * curvature,
    significance: significanceOf(curvature, { error, intervals }),
    endRate: 60 * (rate + curvature * (2 * sinceMiddle - skew)),
  };
}

function significanceOf(
  value: number,
  { error, intervals }: { readonly error: number; readonly intervals: readonly number[] },
): number {
  return intervals.length < MIN_INTERVALS ? 0 : Math.abs(value) / (error || Number.MIN_VALUE);
}

function sumOf(values: readonly number[], term: (value: number, index: number) => number): number {
  return values.reduce((sum, value, index) => sum + term(value, index), 0);
}
