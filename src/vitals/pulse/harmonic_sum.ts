import { findPeaks, powerNear, type Spectrum } from "../signal/spectrum.ts";

/**
 * Band in which candidates are searched, in hertz: 36 to 200 beats/min. It is wider than the
 * published range, so that a pulse just outside is not mistaken for one inside.
 */
export const SEARCH_BAND = { lowHz: 36 / 60, highHz: 200 / 60 } as const;
/** Weight of the first harmonic. Chosen. */
const HARMONIC_WEIGHT = 0.5;
/** The harmonic counts up to this multiple of the fundamental: otherwise it is the pulse itself. */
const MAX_HARMONIC_RATIO = 3;

/** A candidate frequency and its harmonic sum. */
export interface HarmonicPeak {
  readonly frequencyHz: number;
  readonly harmonicSum: number;
}

/** Harmonic sum, which ranks candidates: the power of the fundamental and of its first harmonic. */
export function harmonicSum(spectrum: Spectrum, frequencyHz: number): number {
  const fundamental = powerNear(spectrum, frequencyHz);
  const harmonic = powerNear(spectrum, 2 * frequencyHz);
  return fundamental + HARMONIC_WEIGHT * Math.min(harmonic, MAX_HARMONIC_RATIO * fundamental);
}

/** The peak in the search band with the highest harmonic sum; undefined if there is no peak. */
export function strongestPeak(spectrum: Spectrum): HarmonicPeak | undefined {
  const peaks = findPeaks(spectrum, { ...SEARCH_BAND, limit: 5 });
  let strongest: HarmonicPeak | undefined;
  for (const { frequencyHz } of peaks) {
    const peak = { frequencyHz, harmonicSum: harmonicSum(spectrum, frequencyHz) };
    if (!strongest || peak.harmonicSum > strongest.harmonicSum) strongest = peak;
  }
  return strongest;
}
