import { standardDeviation } from "../signal/detrend.ts";
import { butterworthHighPass, butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import { finiteRuns } from "../signal/resample.ts";
import {
  bandPower,
  findPeaks,
  harmonicSnrDb,
  powerNear,
  powerSpectra,
  type Spectrum,
} from "../signal/spectrum.ts";
import { coherenceOf } from "./coherence.ts";
import { subharmonicDb } from "./subharmonic.ts";
import { amplitudeStabilityDb } from "./stability.ts";
import { refineFrequency } from "./refine.ts";
import { whiten } from "./whitening.ts";
import type { Vote } from "./methods/method.ts";

/** Pulse rates that are reported, in Hz: 40 to 180 beats/min. */
export const PULSE_BAND = { lowHz: 40 / 60, highHz: 180 / 60 } as const;
/** Where candidates are looked for: a pulse just outside must not be mistaken for one inside. */
export const SEARCH_BAND = { lowHz: 36 / 60, highHz: 200 / 60 } as const;
/** What counts as noise beside a pulse: from just under the band to its first harmonics. */
const NOISE_BAND = { lowHz: 36 / 60, highHz: 270 / 60 } as const;
/** Waves are filtered well outside the band, so that the filter's own hump is no rate. */
const SLOWEST_HZ = 0.45;
/** What is left of a pulse wave's shape above this is noise. */
const FASTEST_HZ = 8;
/** How much the first harmonic speaks for a fundamental. */
const HARMONIC_WEIGHT = 0.5;
/** A harmonic counts up to this many times its fundamental: alone it is a rate of its own. */
const MAX_HARMONIC = 3;
/** The neighbourhood of a peak: beyond a Hann window's lobe over 10 s, within the noise's slope. */
const BESIDE = { nearHz: 0.2, farHz: 0.6 } as const;
/** Two candidates cannot be told further apart than this: other is other. */
const MOST_APART_HZ = 1;
/** Half the width of what counts as the same rate: 3 beats/min. */
const SAME_HZ = 3 / 60;
/** Zero-padding, to a thirtieth of a hertz over 10 s. */
const PAD_FACTOR = 2.5;
/** No vote may outshout the others for ever. */
const MAX_WEIGHT = 20;

/** A vote with its spectrum and how far it can be trusted. */
export interface WeightedSignal extends Vote {
  /** The wave as it was given, with its trend and its holes. */
  readonly seen: Float64Array;
  /** Whitened, and normalised to a power of one in the noise band. */
  readonly spectrum: Spectrum;
  /** Of its own strongest candidate. */
  readonly snrDb: number;
  readonly frequencyHz: number;
  readonly weight: number;
}

/** What is known about a window's strongest candidate. */
export interface PulseFeatures {
  /** Harmonic SNR of the fused spectrum at the candidate, dB. */
  readonly snrDb: number;
  /** Fused power of the candidate over that of the runner-up that is no harmonic, dB. */
  readonly marginDb: number;
  /**
   * Share of the weight of all votes but the loudest whose own strongest candidate is the same,
   * 0..1; 0 where there is but one vote, which nothing supports.
   */
  readonly agreement: number;
  /** Fused power of the candidate over the mean of its neighbourhood, dB. */
  readonly prominenceDb: number;
  /** How well separate places beat together, up to 1; 0 where there are fewer than three. */
  readonly coherence: number;
  /** 1 where three places or more were compared, 0 where not. */
  readonly placed: number;
  /** 1 where there is but one vote. */
  readonly alone: number;
  /** 1 where colours were seen, whose projections share their noise; 0 for ready waves. */
  readonly colored: number;
  /** How evenly the fused wave swings at the candidate over the window, dB, 0 at best. */
  readonly amplitudeStabilityDb: number;
  /** How far the candidate of the worse half of the window is off, Hz, at most 1. */
  readonly apartHz: number;
}

export interface PulseCandidate {
  readonly frequencyHz: number;
  readonly features: PulseFeatures;
  /** Votes, weighed. */
  readonly votes: readonly WeightedSignal[];
  /** The fused wave, band-passed; 0 in holes. */
  readonly bvp: Float64Array;
  readonly spectrum: Spectrum;
  /** How much stronger its half or third is in the waves as they came, dB. */
  readonly subharmonicDb: number;
}

/** The harmonic sum that ranks candidates: a rate shows at itself and at its double. */
function score(spectrum: Spectrum, frequencyHz: number): number {
  const fundamental = powerNear(spectrum, frequencyHz);
  const harmonic = powerNear(spectrum, 2 * frequencyHz);
  return fundamental + HARMONIC_WEIGHT * Math.min(harmonic, MAX_HARMONIC * fundamental);
}

/** The candidate with the highest harmonic sum, its peak interpolated. */
function strongest(spectrum: Spectrum): { frequencyHz: number; score: number } | undefined {
  const peaks = findPeaks(spectrum, { ...SEARCH_BAND, limit: 5 });
  let best: { frequencyHz: number; score: number } | undefined;
  for (const { frequencyHz } of peaks) {
    const candidate = { frequencyHz, score: score(spectrum, frequencyHz) };
    if (!best || candidate.score > best.score) best = candidate;
  }
  return best;
}

/** A wave ready for spectra: without its slow part, stretch by stretch; outside them 0. */
function withoutTrend(bvp: Float64Array, sampleRateHz: number): Float64Array {
  const sections = [butterworthHighPass({ cutoffHz: SLOWEST_HZ, sampleRateHz })];
  const padSamples = Math.round(sampleRateHz / SLOWEST_HZ);
  const [run] = finiteRuns(bvp);
  if (run?.end === bvp.length && run.start === 0) {
    return filterZeroPhase(bvp, sections, { padSamples });
  }
  const result = new Float64Array(bvp.length);
  for (const { start, end } of finiteRuns(bvp)) {
    if (end - start <= sampleRateHz) continue;
    result.set(filterZeroPhase(bvp.subarray(start, end), sections, { padSamples }), start);
  }
  return result;
}

/** Votes with their spectra; one without power or without a peak in the band says nothing. */
function weigh(votes: readonly Vote[], sampleRateHz: number): WeightedSignal[] {
  const waves = votes.map(({ bvp }) => withoutTrend(bvp, sampleRateHz));
  const spectra = powerSpectra(waves, { sampleRateHz, padFactor: PAD_FACTOR });
  return votes.flatMap((vote, index): WeightedSignal[] => {
    const spectrum = spectra[index]!;
    whiten(spectrum);
    const total = bandPower(spectrum, NOISE_BAND);
    if (!(total > 0)) return [];
    for (let bin = 0; bin < spectrum.power.length; bin++) spectrum.power[bin]! /= total;
    const best = strongest(spectrum);
    if (!best) return [];
    const { frequencyHz } = best;
    const snrDb = harmonicSnrDb(spectrum, { frequencyHz, ...NOISE_BAND });
    const weight = Math.min(MAX_WEIGHT, 10 ** (snrDb / 10));
    const [bvp, seen] = [waves[index]!, vote.bvp];
    return [{ ...vote, bvp, seen, spectrum, snrDb, frequencyHz, weight }];
  });
}

/**
 * Fuses the votes of one window: each spectrum counts by its own harmonic SNR, and the fused
 * spectrum decides. Nobody's peak is picked by luck.
 *
 * @returns undefined where no vote has a peak in the band.
 */
export function fuse(
  votes: readonly Vote[],
  { sampleRateHz }: { sampleRateHz: number },
): PulseCandidate | undefined {
  const weighed = weigh(votes, sampleRateHz);
  const [first] = weighed;
  if (!first) return undefined;
  const { binHz } = first.spectrum;
  const power = new Float64Array(first.spectrum.power.length);
  let weights = 0;
  for (const { spectrum, weight } of weighed) {
    for (let bin = 0; bin < power.length; bin++) power[bin]! += weight * spectrum.power[bin]!;
    weights += weight;
  }
  for (let bin = 0; bin < power.length; bin++) power[bin]! /= weights;
  const fused = { power, binHz };
  const best = strongest(fused);
  if (!best) return undefined;
  const same = weighed.filter((vote) => Math.abs(vote.frequencyHz - best.frequencyHz) <= SAME_HZ);
  const heard = same.length ? same : weighed;
  const gains = gainsOf(heard);
  const bvp = mix(heard.map(({ bvp }) => bvp), gains);
  const frequencyHz = refineFrequency(bvp, { frequencyHz: best.frequencyHz, sampleRateHz });
  const placed = weighed.flatMap(({ place, bvp, weight }) => place ? [{ place, bvp, weight }] : []);
  const coherence = coherenceOf(placed, { frequencyHz, sampleRateHz });
  const untouched = mix(heard.map(({ seen }) => seen), gains);
  return {
    frequencyHz,
    votes: weighed,
    spectrum: fused,
    subharmonicDb: subharmonicDb(untouched, { frequencyHz, sampleRateHz }),
    bvp: filterZeroPhase(bvp, [butterworthLowPass({ cutoffHz: FASTEST_HZ, sampleRateHz })]),
    features: {
      snrDb: harmonicSnrDb(fused, { frequencyHz, ...NOISE_BAND }),
      marginDb: marginDb(fused, best),
      agreement: corroboration(weighed, frequencyHz),
      prominenceDb: prominenceDb(fused, frequencyHz),
      coherence: coherence ?? 0,
      placed: coherence === undefined ? 0 : 1,
      alone: weighed.length === 1 ? 1 : 0,
      colored: weighed.some(({ colored }) => colored) ? 1 : 0,
      amplitudeStabilityDb: amplitudeStabilityDb(bvp, frequencyHz / sampleRateHz),
      apartHz: apartHz(bvp, { frequencyHz, sampleRateHz }),
    },
  };
}

/** How far the best stands over the next that is neither itself nor its harmonic. */
function marginDb(fused: Spectrum, best: { frequencyHz: number; score: number }): number {
  const binWidths = 2 * SAME_HZ;
  const rivals = findPeaks(fused, { ...SEARCH_BAND, limit: 8 }).filter(({ frequencyHz }) =>
    Math.abs(frequencyHz - best.frequencyHz) > binWidths &&
    Math.abs(frequencyHz - 2 * best.frequencyHz) > 2 * binWidths
  );
  const rival = Math.max(...rivals.map(({ frequencyHz }) => score(fused, frequencyHz)), 0);
  return Math.min(30, 10 * Math.log10(best.score / Math.max(rival, 1e-12)));
}

/** How much of what the others say is what the fusion says. */
function corroboration(votes: readonly WeightedSignal[], frequencyHz: number): number {
  const loudest = votes.reduce((a, b) => (b.weight > a.weight ? b : a));
  let agreeing = 0;
  let total = 0;
  for (const vote of votes) {
    if (vote === loudest) continue;
    total += vote.weight;
    if (Math.abs(vote.frequencyHz - frequencyHz) <= SAME_HZ) agreeing += vote.weight;
  }
  return total > 0 ? agreeing / total : 0;
}

/** How far a candidate stands over what is beside it, whatever the slope of the noise. */
function prominenceDb({ power, binHz }: Spectrum, frequencyHz: number): number {
  let sum = 0;
  let count = 0;
  const first = Math.max(1, Math.ceil((frequencyHz - BESIDE.farHz) / binHz));
  const last = Math.min(power.length - 1, Math.floor((frequencyHz + BESIDE.farHz) / binHz));
  for (let bin = first; bin <= last; bin++) {
    if (Math.abs(bin * binHz - frequencyHz) < BESIDE.nearHz) continue;
    sum += power[bin]!;
    count++;
  }
  const beside = sum / Math.max(1, count);
  return 10 * Math.log10(powerNear({ power, binHz }, frequencyHz) / Math.max(beside, 1e-12));
}

/** What each wave counts in a sum of all: equally loud, by its weight, turned to rise with the rest. */
function gainsOf(votes: readonly WeightedSignal[]): number[] {
  const loudest = votes.reduce((a, b) => (b.weight > a.weight ? b : a));
  return votes.map(({ bvp, weight }) => {
    let product = 0;
    for (let k = 0; k < bvp.length; k++) product += bvp[k]! * loudest.bvp[k]!;
    return (weight * (product < 0 ? -1 : 1)) / (standardDeviation(bvp) || Infinity);
  });
}

/** A sum of waves without their means; 0 in holes. */
function mix(waves: readonly Float64Array[], gains: readonly number[]): Float64Array {
  const result = new Float64Array(waves[0]!.length);
  waves.forEach((wave, index) => {
    const gain = gains[index]!;
    let [sum, count] = [0, 0];
    for (let k = 0; k < wave.length; k++) {
      const value = wave[k]!;
      if (value !== value) continue;
      sum += value;
      count++;
    }
    const centre = sum / count;
    for (let k = 0; k < wave.length; k++) {
      const value = wave[k]!;
      if (value === value) result[k]! += gain * (value - centre);
    }
  });
  return result;
}

/** A true pulse is the strongest in each half of the window, chance mostly in one. */
function apartHz(
  bvp: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const middle = bvp.length >> 1;
  const halves = [bvp.subarray(0, middle), bvp.subarray(middle, 2 * middle)];
  const spectra = powerSpectra(halves, { sampleRateHz, padFactor: PAD_FACTOR });
  const offs = spectra.map((spectrum) => {
    whiten(spectrum);
    return Math.abs((strongest(spectrum)?.frequencyHz ?? Infinity) - frequencyHz);
  });
  return Math.min(MOST_APART_HZ, Math.max(...offs));
}
