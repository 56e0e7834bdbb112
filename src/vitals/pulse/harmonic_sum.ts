import { findPeaks, powerNear, type Spectrum } from "../signal/spectrum.ts";
import type { Band } from "./rate_band.ts";

/** Weight of the first harmonic. Chosen. */
const HARMONIC_WEIGHT = 0.5;
/** The harmonic counts up to this multiple of the fundamental: otherwise it is the pulse itself. */
const MAX_HARMONIC_RATIO = 3;
/**
 * Rates of 180 to 230 beats/min. At rates of 90 to 110, the harmonic of a resting adult's pulse has at
 * most 0.57 of the power of its fundamental (measured on UBFC-rPPG, whitened).
 */
const FAST_HZ = { low: 180 / 60, high: 230 / 60 } as const;

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

/** Whether the pulse is at twice the frequency: in the fast band, which is not searched with others. */
export function isHalfOfFastPulse(spectrum: Spectrum, frequencyHz: number): boolean {
  const doubleHz = 2 * frequencyHz;
  return doubleHz >= FAST_HZ.low && doubleHz <= FAST_HZ.high &&
    powerNear(spectrum, doubleHz) > powerNear(spectrum, frequencyHz);
}

/** The peak in a band with the highest harmonic sum; undefined if there is no peak. */
export function strongestPeak(spectrum: Spectrum, band: Band): HarmonicPeak | undefined {
  const peaks = findPeaks(spectrum, { ...band, limit: 5 });
  let strongest: HarmonicPeak | undefined;
  for (const { frequencyHz } of peaks) {
    if (isHalfOfFastPulse(spectrum, frequencyHz)) continue;
    const peak = { frequencyHz, harmonicSum: harmonicSum(spectrum, frequencyHz) };
    if (!strongest || peak.harmonicSum > strongest.harmonicSum) strongest = peak;
  }
  return strongest;
}
