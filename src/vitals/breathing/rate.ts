import { bandPass } from "../signal/bandpass.ts";
import { mean, median, standardDeviation } from "../../base/statistics.ts";
import { findPeaks, powerSpectrum, type Spectrum } from "../signal/spectrum.ts";
import { type Breath, findBreaths } from "./breaths.ts";

/** The contract's range, in Hz: 4 to 40 breaths/min. */
export const BREATHING_BAND = { lowHz: 4 / 60, highHz: 40 / 60 } as const;
/** Power up to here is weighed against the breath: its harmonics, and noise that could fold. */
const EVIDENCE_HIGH_HZ = 1.2;
/** Just under the slowest breath. */
const EVIDENCE_LOW_HZ = 0.045;
/** Rivals that are looked at, highest first. */
const CANDIDATES = 3;

/** What one stretch of trace says about the rate. */
export interface RateEvidence {
  /** The rate on which spectrum and breaths agree best, in breaths/min. */
  readonly rate: number;
  /** The spectrum's rate, in breaths/min. */
  readonly spectralRate: number;
  /** The rate by counting breaths, in breaths/min; absent with fewer than two turns a side. */
  readonly countedRate?: number;
  /** Share of power at the rate and its harmonic beyond what noise would put there, up to 1. */
  readonly concentration: number;
  /** Autocorrelation at one period, -1..1. */
  readonly periodicity: number;
  /** Speed at the rate over that of fast jitter, in powers of ten of power: a random walk has none. */
  readonly rise: number;
  /** Breaths that fit into the window at this rate. */
  readonly cycles: number;
  /** Variation of the intervals between breaths: standard deviation over mean. */
  readonly irregularity: number;
  /** Median height of a breath, in the trace's unit; 0 where none is whole. */
  readonly amplitude: number;
}

/**
 * Finds the breathing rate of a trace by two ways that must agree: the peak of its spectrum, and
 * the breaths counted in it.
 *
 * The spectrum is weighted by frequency, half way between position, in which the sway of a body
 * (a random walk, 1/f²) drowns slow breaths, and velocity, in which the harmonics of a breath
 * outgrow it. Each of the highest peaks is tried: share of power beyond chance, autocorrelation,
 * and agreement with the breaths in a band around it; the product decides, so that no half or
 * double of the rate passes.
 *
 * @param trace chest position, inhaling up, without holes, in any unit.
 * @returns undefined where the trace is too short or flat.
 */
export function breathingRate(
  trace: Float64Array,
  { sampleRateHz }: { sampleRateHz: number },
): RateEvidence | undefined {
  const seconds = trace.length / sampleRateHz;
  if (seconds < 4) return undefined;
  const level = detrendLinear(trace);
  const plain = powerSpectrum(level, { sampleRateHz, padFactor: 3 });
  const spectrum = weighted(plain);
  const floor = jitterFloor(plain);
  // Under one and a half periods in the window there is no telling a breath from a drift.
  const lowHz = Math.max(BREATHING_BAND.lowHz * 0.97, 1.5 / seconds);
  const { highHz } = BREATHING_BAND;
  const peaks = findPeaks(spectrum, { lowHz, highHz: highHz * 1.03, limit: CANDIDATES });
  const wide = bandPass(level, { lowHz: 0.04, highHz: EVIDENCE_HIGH_HZ, sampleRateHz });
  let best: RateEvidence | undefined;
  let bestScore = 0;
  for (const { frequencyHz } of peaks) {
    const evidence = examine(frequencyHz, { level, wide, spectrum, floor, sampleRateHz });
    const score = scoreOf(evidence);
    if (score > bestScore) {
      best = evidence;
      bestScore = score;
    }
  }
  return best;
}

function scoreOf(evidence: RateEvidence): number {
  const { concentration, periodicity, spectralRate, countedRate } = evidence;
  const apart = countedRate === undefined ? 1 : Math.abs(countedRate - spectralRate) / spectralRate;
  return Math.max(0.01, concentration) * Math.max(0.05, periodicity) *
    Math.exp(-((apart / 0.2) ** 2));
}

function examine(
  frequencyHz: number,
  { level, wide, spectrum, floor, sampleRateHz }: {
    level: Float64Array;
    wide: Float64Array;
    spectrum: WeightedSpectrum;
    floor: number;
    sampleRateHz: number;
  },
): RateEvidence {
  const seconds = level.length / sampleRateHz;
  const narrow = bandPass(level, {
    lowHz: 0.5 * frequencyHz,
    highHz: Math.min(EVIDENCE_HIGH_HZ, 2.5 * frequencyHz),
    sampleRateHz,
  });
  const breaths = findBreaths(narrow, { minSwing: standardDeviation(narrow) });
  const intervals = intervalsOf(breaths, sampleRateHz);
  const spectralRate = 60 * frequencyHz;
  const counted = intervals.length ? 60 / mean(intervals) : undefined;
  return {
    rate: counted === undefined || Math.abs(counted - spectralRate) > 0.2 * spectralRate
      ? spectralRate
      : (spectralRate + 2 * counted) / 3,
    spectralRate,
    ...(counted === undefined ? {} : { countedRate: counted }),
    concentration: concentrationAt(spectrum, { frequencyHz, seconds }),
    periodicity: autocorrelation(wide, sampleRateHz / frequencyHz),
    rise: Math.log10((powerAt(spectrum, frequencyHz) * frequencyHz) / floor + 1e-9),
    cycles: seconds * frequencyHz,
    irregularity: intervals.length > 1 ? standardDeviation(intervals) / mean(intervals) : 0,
    amplitude: breaths.length ? median(breaths.map(({ amplitude }) => amplitude)) : 0,
  };
}

/** Times between the peaks and between the troughs of breaths that follow one another, in s. */
function intervalsOf(breaths: readonly Breath[], sampleRateHz: number): number[] {
  const intervals: number[] = [];
  breaths.forEach((breath, k) => {
    intervals.push((breath.end - breath.start) / sampleRateHz);
    const next = breaths[k + 1];
    if (next) intervals.push((next.peak - breath.peak) / sampleRateHz);
  });
  return intervals;
}

/** Power times frequency in the band of evidence, with running sums. */
interface WeightedSpectrum extends Spectrum {
  /** `sums[bin]`: all power below that bin. */
  readonly sums: Float64Array;
  readonly firstBin: number;
}

function weighted({ power, binHz }: Spectrum): WeightedSpectrum {
  const firstBin = Math.ceil(EVIDENCE_LOW_HZ / binHz);
  const end = Math.min(power.length, Math.floor(EVIDENCE_HIGH_HZ / binHz) + 1);
  const own = new Float64Array(end), sums = new Float64Array(end + 1);
  for (let bin = 0; bin < end; bin++) {
    if (bin >= firstBin) own[bin] = power[bin]! * bin * binHz;
    sums[bin + 1] = sums[bin]! + own[bin]!;
  }
  return { power: own, binHz, sums, firstBin };
}

/** Band of the jitter, over all breaths and, in the median, beside the heart's beat. */
const JITTER_BAND = { lowHz: 1.3, highHz: 3.5 } as const;

/** Zero-padding repeats itself: every so many bins say all. */
const JITTER_STRIDE = 4;

/** Median power of the velocity where no breath is: what a random walk has at every frequency. */
function jitterFloor({ power, binHz }: Spectrum): number {
  const speeds: number[] = [];
  const last = Math.floor(JITTER_BAND.highHz / binHz);
  for (let bin = Math.ceil(JITTER_BAND.lowHz / binHz); bin <= last; bin += JITTER_STRIDE) {
    speeds.push(power[bin]! * (bin * binHz) ** 2);
  }
  return Math.max(Number.MIN_VALUE, median(speeds) || 0);
}

function powerAt({ power, binHz }: Spectrum, frequencyHz: number): number {
  return power[Math.round(frequencyHz / binHz)] ?? 0;
}

/** Share of power around a frequency and its double, less the share that a flat spectrum has. */
function concentrationAt(
  { sums, binHz, firstBin }: WeightedSpectrum,
  { frequencyHz, seconds }: { frequencyHz: number; seconds: number },
): number {
  // The main lobe of a Hann window, and the spread of a rate that varies by some percent.
  const half = 1.3 / seconds + 0.06 * frequencyHz;
  const end = sums.length - 1;
  const bound = (hz: number) => Math.max(firstBin, Math.min(end, Math.ceil(hz / binHz)));
  const first = { from: bound(frequencyHz - half), to: bound(frequencyHz + half) };
  const second = {
    from: Math.max(first.to, bound(2 * frequencyHz - half)),
    to: Math.max(first.to, bound(2 * frequencyHz + half)),
  };
  let near = 0, nearBins = 0;
  for (const { from, to } of [first, second]) {
    near += sums[to]! - sums[from]!;
    nearBins += to - from;
  }
  const all = sums[end]!, chance = nearBins / (end - firstBin);
  return all > 0 && chance < 1 ? (near / all - chance) / (1 - chance) : 0;
}

/** Normalised autocorrelation at a lag in samples, with fractions. */
export function autocorrelation(signal: Float64Array, lag: number): number {
  const whole = Math.floor(lag);
  const at = (shift: number): number => {
    let cross = 0, left = 0, right = 0;
    for (let k = 0; k + shift < signal.length; k++) {
      const a = signal[k]!, b = signal[k + shift]!;
      cross += a * b;
      left += a * a;
      right += b * b;
    }
    return left > 0 && right > 0 ? cross / Math.sqrt(left * right) : 0;
  };
  const share = lag - whole;
  return (1 - share) * at(whole) + share * at(whole + 1);
}

/** A signal less its straight line of least squares. */
export function detrendLinear(signal: Float64Array): Float64Array {
  const n = signal.length, middle = (n - 1) / 2;
  let sum = 0, slope = 0;
  for (let k = 0; k < n; k++) {
    sum += signal[k]!;
    slope += signal[k]! * (k - middle);
  }
  const gradient = n > 1 ? (12 * slope) / (n * (n * n - 1)) : 0;
  const result = new Float64Array(n);
  for (let k = 0; k < n; k++) result[k] = signal[k]! - sum / n - gradient * (k - middle);
  return result;
}
