import { standardDeviation } from "../../base/statistics.ts";
import { butterworthHighPass, butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import { finiteSegments } from "../signal/resample.ts";
import {
  bandPower,
  findPeaks,
  harmonicSnrDb,
  powerSpectra,
  type Spectrum,
} from "../signal/spectrum.ts";
import { amplitudeStabilityDb } from "./amplitude_stability.ts";
import { phaseCoherence } from "./coherence.ts";
import {
  agreementOf,
  halfWindowOffsetHz,
  marginDb,
  PAD_FACTOR,
  prominenceDb,
  type PulseFeatures,
  SAME_RATE_HZ,
} from "./features.ts";
import {
  type HarmonicPeak,
  harmonicSum,
  isHalfOfFastPulse,
  strongestPeak,
} from "./harmonic_sum.ts";
import type { PulseSignal } from "./methods/method.ts";
import { type Band, type RateBand, USUAL_BAND } from "./rate_band.ts";
import { refineFrequency } from "./refine.ts";
import { subharmonicDb } from "./subharmonic.ts";
import { whiten } from "./whitening.ts";

/** Cutoff of the low-pass of the fused BVP, in hertz: a pulse waveform has little power above. */
const FUSED_LOW_PASS_HZ = 8;
/** A peak this near to the expected rate may be the rate after a change, in hertz. Chosen. */
const MAX_CHANGE_HZ = 20 / 60;
/** Upper limit of a signal's weight, so that one signal never outweighs all others. Chosen. */
const MAX_WEIGHT = 20;

/** A BVP signal with its spectrum and its weight in the fusion. */
export interface WeightedSignal extends PulseSignal {
  /** The unfiltered signal, with its trend, NaN in gaps. `bvp` is prefiltered, 0 in gaps. */
  readonly raw: Float64Array;
  /** Whitened, and normalized to a power of 1 in the noise band. */
  readonly spectrum: Spectrum;
  /** SNR of the signal's strongest candidate. */
  readonly snrDb: number;
  /** Frequency of the signal's strongest candidate. */
  readonly frequencyHz: number;
  readonly weight: number;
}

/** The strongest candidate of a window. */
export interface PulseCandidate {
  readonly frequencyHz: number;
  readonly features: PulseFeatures;
  /** The signals that were fused. */
  readonly signals: readonly WeightedSignal[];
  /** The fused, band-passed BVP; 0 in gaps. */
  readonly bvp: Float64Array;
  /** The fused spectrum. */
  readonly spectrum: Spectrum;
  /** The band in which it was searched. */
  readonly band: RateBand;
  /** Power of the stronger subharmonic over that of the candidate, in the unfiltered signals, dB. */
  readonly subharmonicDb: number;
}

/** High-passes each segment of a signal; gaps and segments of up to one second become 0. */
function prefilter(
  bvp: Float64Array,
  { cutoffHz, sampleRateHz }: { cutoffHz: number; sampleRateHz: number },
): Float64Array {
  const sections = [butterworthHighPass({ cutoffHz, sampleRateHz })];
  const padSamples = Math.round(sampleRateHz / cutoffHz);
  const result = new Float64Array(bvp.length);
  for (const { start, end } of finiteSegments(bvp)) {
    if (end - start <= sampleRateHz) continue;
    result.set(filterZeroPhase(bvp.subarray(start, end), sections, { padSamples }), start);
  }
  return result;
}

/** Computes spectra and weights; drops signals without power or without a peak in the band. */
function weightSignals(
  signals: readonly PulseSignal[],
  { sampleRateHz, band }: { sampleRateHz: number; band: RateBand },
): WeightedSignal[] {
  const cutoffHz = band.prefilterHz;
  const filtered = signals.map(({ bvp }) => prefilter(bvp, { cutoffHz, sampleRateHz }));
  const spectra = powerSpectra(filtered, { sampleRateHz, padFactor: PAD_FACTOR });
  return signals.flatMap((signal, index): WeightedSignal[] => {
    const spectrum = spectra[index]!;
    whiten(spectrum);
    const total = bandPower(spectrum, band.noise);
    if (!(total > 0)) return [];
    for (let bin = 0; bin < spectrum.power.length; bin++) spectrum.power[bin]! /= total;
    const peak = strongestPeak(spectrum, band.search);
    if (!peak) return [];
    const { frequencyHz } = peak;
    const snrDb = harmonicSnrDb(spectrum, { frequencyHz, ...band.noise });
    const weight = Math.min(MAX_WEIGHT, 10 ** (snrDb / 10));
    const [bvp, raw] = [filtered[index]!, signal.bvp];
    return [{ ...signal, bvp, raw, spectrum, snrDb, frequencyHz, weight }];
  });
}

/** The mean of the signals' spectra, weighted by their SNR. */
function fuseSpectra(signals: readonly WeightedSignal[]): Spectrum {
  const { binHz, power: { length } } = signals[0]!.spectrum;
  const power = new Float64Array(length);
  let weights = 0;
  for (const { spectrum, weight } of signals) {
    for (let bin = 0; bin < length; bin++) power[bin]! += weight * spectrum.power[bin]!;
    weights += weight;
  }
  for (let bin = 0; bin < length; bin++) power[bin]! /= weights;
  return { power, binHz };
}

/**
 * Fuses the BVP signals of one window. The candidate is the strongest peak of the mean of their
 * spectra, weighted by SNR. Its frequency is refined on the sum of the signals that agree with it.
 *
 * @param options `band`: where the candidate is searched, by default among the rates of most people;
 *   `expectedHz`: a peak here is the candidate even if it is not the strongest.
 * @returns undefined if no signal has a peak in the band.
 */
export function fuse(
  signals: readonly PulseSignal[],
  { sampleRateHz, band = USUAL_BAND, expectedHz }: {
    sampleRateHz: number;
    band?: RateBand;
    expectedHz?: number | undefined;
  },
): PulseCandidate | undefined {
  const weighted = weightSignals(signals, { sampleRateHz, band });
  if (!weighted.length) return undefined;
  const spectrum = fuseSpectra(weighted);
  const expected = isWithin(band.search, expectedHz) ? expectedHz : undefined;
  const best = candidatePeak(spectrum, { search: band.search, expectedHz: expected });
  if (!best) return undefined;
  const agreeing = weighted.filter((signal) => isSame(signal.frequencyHz, best.frequencyHz));
  const summed = agreeing.length ? agreeing : weighted;
  const gains = gainsOf(summed);
  const bvp = weightedSum(summed.map(({ bvp }) => bvp), gains);
  const refinedHz = refineFrequency(bvp, { frequencyHz: best.frequencyHz, sampleRateHz });
  const isLost = expected !== undefined && isSame(best.frequencyHz, expected) &&
    !isSame(refinedHz, expected);
  const frequencyHz = isLost ? expected : refinedHz;
  if (isHalfOfFastPulse(spectrum, frequencyHz)) return undefined;
  const regions = weighted.flatMap(({ region, bvp, weight }) =>
    region ? [{ region, bvp, weight }] : []
  );
  const coherence = phaseCoherence(regions, { frequencyHz, sampleRateHz });
  const raw = weightedSum(summed.map(({ raw }) => raw), gains);
  const lowPass = butterworthLowPass({ cutoffHz: FUSED_LOW_PASS_HZ, sampleRateHz });
  return {
    frequencyHz,
    signals: weighted,
    spectrum,
    band,
    subharmonicDb: subharmonicDb(raw, { frequencyHz, sampleRateHz, divisors: band.divisors }),
    bvp: filterZeroPhase(bvp, [lowPass]),
    features: {
      snrDb: harmonicSnrDb(spectrum, { frequencyHz, ...band.noise }),
      marginDb: marginDb(spectrum, best, band.search),
      agreement: agreementOf(weighted, frequencyHz),
      prominenceDb: prominenceDb(spectrum, frequencyHz),
      coherence: coherence ?? 0,
      hasCoherence: coherence === undefined ? 0 : 1,
      isSingleSignal: weighted.length === 1 ? 1 : 0,
      hasProjections: weighted.some(({ isProjection }) => isProjection) ? 1 : 0,
      amplitudeStabilityDb: amplitudeStabilityDb(bvp, frequencyHz / sampleRateHz),
      halfWindowOffsetHz: halfWindowOffsetHz(bvp, {
        frequencyHz,
        sampleRateHz,
        search: band.search,
      }),
    },
  };
}

function isWithin({ lowHz, highHz }: Band, hz: number | undefined): hz is number {
  return hz !== undefined && hz >= lowHz && hz <= highHz;
}

/** Whether two frequencies count as the same rate. */
function isSame(aHz: number, bHz: number): boolean {
  return Math.abs(aHz - bHz) <= SAME_RATE_HZ;
}

/**
 * The peak of the candidate: the strongest one within 3 beats/min of the expected frequency, or that
 * frequency itself. If the strongest of all is near, though not the same, the rate may have changed:
 * this window knows it earlier than what expects the rate.
 */
function candidatePeak(
  spectrum: Spectrum,
  { search, expectedHz }: { search: Band; expectedHz: number | undefined },
): HarmonicPeak | undefined {
  const strongest = strongestPeak(spectrum, search);
  if (expectedHz === undefined) return strongest;
  const isChange = strongest && !isSame(strongest.frequencyHz, expectedHz) &&
    Math.abs(strongest.frequencyHz - expectedHz) <= MAX_CHANGE_HZ;
  if (isChange) return strongest;
  const [peak] = findPeaks(spectrum, {
    lowHz: expectedHz - SAME_RATE_HZ,
    highHz: expectedHz + SAME_RATE_HZ,
    limit: 1,
  });
  const frequencyHz = peak?.frequencyHz ?? expectedHz;
  return { frequencyHz, harmonicSum: harmonicSum(spectrum, frequencyHz) };
}

/** Gain of each signal in the sum: its weight over its deviation, with the strongest one's sign. */
function gainsOf(signals: readonly WeightedSignal[]): number[] {
  const strongest = signals.reduce((a, b) => (b.weight > a.weight ? b : a));
  return signals.map(({ bvp, weight }) => {
    let product = 0;
    for (let k = 0; k < bvp.length; k++) product += bvp[k]! * strongest.bvp[k]!;
    return (weight * (product < 0 ? -1 : 1)) / standardDeviation(bvp);
  });
}

/** Sum of signals without their means, times their gains; gaps count as 0. */
function weightedSum(signals: readonly Float64Array[], gains: readonly number[]): Float64Array {
  const result = new Float64Array(signals[0]!.length);
  signals.forEach((signal, index) => {
    const gain = gains[index]!;
    let [sum, count] = [0, 0];
    for (let k = 0; k < signal.length; k++) {
      const value = signal[k]!;
      if (value !== value) continue;
      sum += value;
      count++;
    }
    const center = sum / count;
    for (let k = 0; k < signal.length; k++) {
      const value = signal[k]!;
      if (value === value) result[k]! += gain * (value - center);
    }
  });
  return result;
}
