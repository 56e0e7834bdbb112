import { standardDeviation } from "../signal/detrend.ts";
import { butterworthHighPass, butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import { finiteRuns } from "../signal/resample.ts";
import {
  bandPower,
  findPeaks,
  harmonicSnrDb,
  powerSpectra,
  type Spectrum,
} from "../signal/spectrum.ts";
import { coherenceOf } from "./coherence.ts";
import { peakBeforeWhitening, whiten } from "./whitening.ts";
import type { Vote } from "../voters/voter.ts";

/** Pulse rates that are reported, in Hz: 40 to 180 beats/min. */
export const PULSE_BAND = { lowHz: 40 / 60, highHz: 180 / 60 } as const;
/** Where candidates are looked for: a pulse just outside must not be mistaken for one inside. */
const SEARCH_BAND = { lowHz: 36 / 60, highHz: 200 / 60 } as const;
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
/** Half the width of what counts as the same rate: 3 beats/min. */
const SAME_HZ = 3 / 60;
/** Zero-padding, to a thirtieth of a hertz over 10 s. */
const PAD_FACTOR = 2.5;
/** No vote may outshout the others for ever. */
const MAX_WEIGHT = 20;

/** A vote with its spectrum and how far it can be trusted. */
export interface WeighedVote extends Vote {
  /** Whitened, and normalised to a power of one in the noise band. */
  readonly spectrum: Spectrum;
  /** Of its own strongest candidate. */
  readonly snrDb: number;
  readonly frequencyHz: number;
  readonly weight: number;
  /** The exponent that whitened it. */
  readonly slope: number;
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
  /** Harmonic SNR of the fused wave in the weaker half of the window at the candidate, dB. */
  readonly halfSnrDb: number;
  /** Seconds of evidence in the window. */
  readonly seconds: number;
}

export interface PulseCandidate {
  readonly frequencyHz: number;
  readonly features: PulseFeatures;
  /** Votes, weighed. */
  readonly votes: readonly WeighedVote[];
  /** The fused wave, band-passed; 0 in holes. */
  readonly bvp: Float64Array;
}

/** The harmonic sum that ranks candidates: a rate shows at itself and at its double. */
function score(spectrum: Spectrum, frequencyHz: number): number {
  const fundamental = powerNear(spectrum, frequencyHz);
  const harmonic = powerNear(spectrum, 2 * frequencyHz);
  return fundamental + HARMONIC_WEIGHT * Math.min(harmonic, MAX_HARMONIC * fundamental);
}

function powerNear({ power, binHz }: Spectrum, frequencyHz: number): number {
  const bin = Math.round(frequencyHz / binHz);
  return Math.max(power[bin - 1] ?? 0, power[bin] ?? 0, power[bin + 1] ?? 0);
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
function weigh(votes: readonly Vote[], sampleRateHz: number): WeighedVote[] {
  const waves = votes.map(({ bvp }) => withoutTrend(bvp, sampleRateHz));
  const spectra = powerSpectra(waves, { sampleRateHz, padFactor: PAD_FACTOR });
  return votes.flatMap(({ name, place: where }, index): WeighedVote[] => {
    const spectrum = spectra[index]!;
    const slope = whiten(spectrum);
    const total = bandPower(spectrum, NOISE_BAND);
    if (!(total > 0)) return [];
    for (let bin = 0; bin < spectrum.power.length; bin++) spectrum.power[bin]! /= total;
    const best = strongest(spectrum);
    if (!best) return [];
    const { frequencyHz } = best;
    const snrDb = harmonicSnrDb(spectrum, { frequencyHz, ...NOISE_BAND });
    const place = where === undefined ? {} : { place: where };
    const weight = Math.min(MAX_WEIGHT, 10 ** (snrDb / 10));
    return [{ name, ...place, bvp: waves[index]!, spectrum, snrDb, frequencyHz, weight, slope }];
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
  let slopes = 0;
  for (const { spectrum, weight, slope } of weighed) {
    for (let bin = 0; bin < power.length; bin++) power[bin]! += weight * spectrum.power[bin]!;
    weights += weight;
    slopes += weight * slope;
  }
  for (let bin = 0; bin < power.length; bin++) power[bin]! /= weights;
  const fused = { power, binHz };
  const best = strongest(fused);
  if (!best) return undefined;
  const frequencyHz = peakBeforeWhitening(fused, {
    near: best.frequencyHz,
    slope: slopes / weights,
  });
  const same = weighed.filter((vote) => Math.abs(vote.frequencyHz - frequencyHz) <= SAME_HZ);
  const placed = weighed.flatMap(({ place, bvp, weight }) => place ? [{ place, bvp, weight }] : []);
  const coherence = coherenceOf(placed, { frequencyHz, sampleRateHz });
  const bvp = fuseWaves(same.length ? same : weighed);
  return {
    frequencyHz,
    votes: weighed,
    bvp: filterZeroPhase(bvp, [butterworthLowPass({ cutoffHz: FASTEST_HZ, sampleRateHz })]),
    features: {
      snrDb: harmonicSnrDb(fused, { frequencyHz, ...NOISE_BAND }),
      marginDb: marginDb(fused, best),
      agreement: corroboration(weighed, frequencyHz),
      prominenceDb: prominenceDb(fused, frequencyHz),
      coherence: coherence ?? 0,
      placed: coherence === undefined ? 0 : 1,
      halfSnrDb: halfSnrDb(bvp, { frequencyHz, sampleRateHz }),
      seconds: secondsOf(bvp, sampleRateHz),
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
function corroboration(votes: readonly WeighedVote[], frequencyHz: number): number {
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

/** Adds waves of equal loudness by their weights, turned so that they rise together. */
function fuseWaves(votes: readonly WeighedVote[]): Float64Array {
  const loudest = votes.reduce((a, b) => (b.weight > a.weight ? b : a));
  const result = new Float64Array(loudest.bvp.length);
  for (const { bvp, weight } of votes) {
    let product = 0;
    for (let k = 0; k < bvp.length; k++) product += bvp[k]! * loudest.bvp[k]!;
    const gain = (weight * (product < 0 ? -1 : 1)) / (standardDeviation(bvp) || Infinity);
    for (let k = 0; k < bvp.length; k++) result[k]! += gain * bvp[k]!;
  }
  return result;
}

/** A true pulse stands in both halves of the window, chance mostly in one. */
function halfSnrDb(
  bvp: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const middle = bvp.length >> 1;
  const halves = [bvp.subarray(0, middle), bvp.subarray(middle, 2 * middle)];
  const snrs = powerSpectra(halves, { sampleRateHz, padFactor: PAD_FACTOR }).map((spectrum) =>
    harmonicSnrDb(spectrum, { frequencyHz, ...NOISE_BAND, halfWidthHz: 0.15 })
  );
  return Math.max(-20, Math.min(...snrs));
}

/** Seconds of a wave that are not a hole. */
function secondsOf(bvp: Float64Array, sampleRateHz: number): number {
  let count = 0;
  for (let k = 0; k < bvp.length; k++) if (bvp[k] !== 0) count++;
  return count / sampleRateHz;
}
