import type { MeasuredClip, TimedEstimate } from "./seeded_clip.ts";

export type Rate = "pulse" | "breathing";

/** Deviation from the true rate, per minute, from which a value counts as wrong. */
export const WRONG_BY: Readonly<Record<Rate, number>> = { pulse: 3, breathing: 2 };
/** Period over which the true rate is the mean, in seconds. */
const TRUE_RATE_S: Readonly<Record<Rate, number>> = { pulse: 10, breathing: 30 };

/** How the published values of a shot compare with the true rate. */
export interface Accuracy {
  /** Fraction of the estimates that have a value. */
  readonly coverage: number;
  /** Of the values with a true rate; per minute. */
  readonly meanError: number;
  readonly largestError: number;
  /** Fraction of these values that are wrong. */
  readonly wrongFraction: number;
  /** Seconds from the start of the shot to the first value, Infinity without one. */
  readonly firstS: number;
  /** Seconds from the start of the shot to the last wrong value, 0 without one. */
  readonly lastWrongS: number;
}

/**
 * Compares a rate with the onsets of the shot; without onsets, every value is wrong.
 *
 * @param shot number of the shot, from 0
 * @param fromS seconds from the start of the shot at which the comparison begins
 * @param truth the true rate, if it is the present one and not the mean over the last seconds
 */
export function accuracyOf(
  clip: MeasuredClip,
  rate: Rate,
  { shot = 0, fromS = 0, truth: given }: {
    readonly shot?: number;
    readonly fromS?: number;
    readonly truth?: number;
  } = {},
): Accuracy {
  const { startS, endS, beatsS, breathsS } = clip.shots[shot]!;
  const onsetsS = rate === "pulse" ? beatsS : breathsS;
  const estimates = clip.estimates.filter(({ atS }) => atS >= startS + fromS && atS < endS);
  const values = estimates.flatMap(({ atS, estimate }) => {
    const value = estimate[rate].strict?.value;
    if (value === undefined) return [];
    const recentS = onsetsS.filter((onsetS) => onsetS > atS - TRUE_RATE_S[rate]);
    // In the first seconds of a shot, the mean rate of its whole is the best known.
    const truth = given ?? trueRate(recentS, atS) ?? trueRate(onsetsS, Infinity) ?? -Infinity;
    const error = Math.abs(value - truth);
    return [{ afterS: atS - startS, error }];
  });
  const errors = values.map(({ error }) => error);
  const wrong = values.filter(({ error }) => error > WRONG_BY[rate]);
  return {
    coverage: values.length / estimates.length,
    meanError: errors.reduce((sum, error) => sum + error, 0) / errors.length,
    largestError: Math.max(0, ...errors),
    wrongFraction: wrong.length / values.length,
    firstS: values[0]?.afterS ?? Infinity,
    lastWrongS: wrong.at(-1)?.afterS ?? 0,
  };
}

/** The mean rate per minute of the onsets up to a time; undefined with fewer than four. */
function trueRate(onsetsS: readonly number[], untilS: number): number | undefined {
  const onsets = onsetsS.filter((onsetS) => onsetS <= untilS);
  if (onsets.length < 4) return undefined;
  return (60 * (onsets.length - 1)) / (onsets.at(-1)! - onsets[0]!);
}

/** The estimates that have a value of the rate. */
export function published(clip: MeasuredClip, rate: Rate): readonly TimedEstimate[] {
  return clip.estimates.filter(({ estimate }) => estimate[rate].strict);
}
