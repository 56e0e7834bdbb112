import { findPeaks, powerNear, powerSpectra, type Spectrum } from "../signal/spectrum.ts";
import { type HarmonicPeak, harmonicSum, strongestPeak } from "./harmonic_sum.ts";
import type { Band } from "./rate_band.ts";
import { whiten } from "./whitening.ts";

/** Two rates up to this far apart count as the same, in beats/min. */
export const SAME_RATE = 3;
/** The same for frequencies, in hertz. */
export const SAME_RATE_HZ = SAME_RATE / 60;
/** Zero padding of pulse spectra: bins of a thirtieth of a hertz for a window of 10 s. Chosen. */
export const PAD_FACTOR = 2.5;
/**
 * Distances that bound the neighborhood of a peak, in hertz: outside the main lobe of a Hann window
 * of 10 s, and near enough for the slope of the noise not to matter.
 */
const NEIGHBORHOOD_HZ = { min: 0.2, max: 0.6 } as const;
/** Upper limit of the offset between the halves of a window, in hertz. Chosen. */
const MAX_OFFSET_HZ = 1;
/** Upper limit of the margin, in decibels. Chosen. */
const MAX_MARGIN_DB = 30;
/** Smallest power that is a divisor. */
const MIN_POWER = 1e-12;

/** Features of the strongest candidate of one window. */
export interface PulseFeatures {
  /** SNR of the fused spectrum at the candidate, dB. */
  readonly snrDb: number;
  /** Harmonic sum of the candidate over that of the next one that is not its harmonic, dB. */
  readonly marginDb: number;
  /**
   * Share of the weight of all signals but the strongest whose own candidate has the same rate, 0 to
   * 1; 0 for a single signal.
   */
  readonly agreement: number;
  /** Power of the candidate over the mean power of its neighborhood in the fused spectrum, dB. */
  readonly prominenceDb: number;
  /** Phase coherence of separate regions, at most 1; 0 for fewer than three regions. */
  readonly coherence: number;
  /** 1 if the coherence is known, else 0. */
  readonly hasCoherence: number;
  /** 1 if there is only one signal, else 0. */
  readonly isSingleSignal: number;
  /** 1 if there are projections of colors, which share their noise; 0 for ready signals only. */
  readonly hasProjections: number;
  /** Stability of the candidate's amplitude over the window, dB, at most 0. */
  readonly amplitudeStabilityDb: number;
  /** Offset of the candidate in the worse half of the window, Hz, 0 to 1. */
  readonly halfWindowOffsetHz: number;
}

/** How far the best candidate exceeds the next one that is neither the same rate nor a harmonic. */
export function marginDb(fused: Spectrum, best: HarmonicPeak, search: Band): number {
  const distanceHz = 2 * SAME_RATE_HZ;
  const others = findPeaks(fused, { ...search, limit: 8 }).filter(({ frequencyHz }) =>
    Math.abs(frequencyHz - best.frequencyHz) > distanceHz &&
    Math.abs(frequencyHz - 2 * best.frequencyHz) > 2 * distanceHz
  );
  const next = Math.max(...others.map(({ frequencyHz }) => harmonicSum(fused, frequencyHz)), 0);
  return Math.min(MAX_MARGIN_DB, 10 * Math.log10(best.harmonicSum / Math.max(next, MIN_POWER)));
}

/** Weighted share of the signals other than the strongest whose candidate has the same rate. */
export function agreementOf(
  signals: readonly { readonly frequencyHz: number; readonly weight: number }[],
  frequencyHz: number,
): number {
  const strongest = signals.reduce((a, b) => (b.weight > a.weight ? b : a));
  let agreeing = 0;
  let total = 0;
  for (const signal of signals) {
    if (signal === strongest) continue;
    total += signal.weight;
    if (Math.abs(signal.frequencyHz - frequencyHz) <= SAME_RATE_HZ) agreeing += signal.weight;
  }
  return total > 0 ? agreeing / total : 0;
}

/** Power at a frequency over the mean power beside it, independent of the slope of the noise. */
export function prominenceDb({ power, binHz }: Spectrum, frequencyHz: number): number {
  let sum = 0;
  let count = 0;
  const first = Math.max(1, Math.ceil((frequencyHz - NEIGHBORHOOD_HZ.max) / binHz));
  const last = Math.min(
    power.length - 1,
    Math.floor((frequencyHz + NEIGHBORHOOD_HZ.max) / binHz),
  );
  for (let bin = first; bin <= last; bin++) {
    if (Math.abs(bin * binHz - frequencyHz) < NEIGHBORHOOD_HZ.min) continue;
    sum += power[bin]!;
    count++;
  }
  const beside = sum / Math.max(1, count);
  return 10 * Math.log10(powerNear({ power, binHz }, frequencyHz) / Math.max(beside, MIN_POWER));
}

/**
 * Distance of a frequency from the strongest peak of each half of a signal, in hertz: the larger of
 * the two, at most 1. A pulse is the strongest peak of both halves, noise mostly of one.
 */
export function halfWindowOffsetHz(
  bvp: Float64Array,
  { frequencyHz, sampleRateHz, search }: {
    frequencyHz: number;
    sampleRateHz: number;
    /** Where peaks are searched. */
    search: Band;
  },
): number {
  const middle = bvp.length >> 1;
  const halves = [bvp.subarray(0, middle), bvp.subarray(middle, 2 * middle)];
  const spectra = powerSpectra(halves, { sampleRateHz, padFactor: PAD_FACTOR });
  const offsets = spectra.map((spectrum) => {
    whiten(spectrum);
    return Math.abs((strongestPeak(spectrum, search)?.frequencyHz ?? Infinity) - frequencyHz);
  });
  return Math.min(MAX_OFFSET_HZ, Math.max(...offsets));
}
