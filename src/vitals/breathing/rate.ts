import { mean, median, standardDeviation } from "../../base/statistics.ts";
import { bandPass } from "../signal/bandpass.ts";
import { findPeaks, powerSpectrum, type Spectrum } from "../signal/spectrum.ts";
import { type Breath, findBreaths } from "./breaths.ts";

/** Range of reported rates in Hz: 4 to 40 breaths/min. */
export const BREATHING_BAND = { lowHz: 4 / 60, highHz: 40 / 60 } as const;
/** Upper end of the band in which a rate is assessed: it includes the breath's harmonics. Chosen. */
const EVIDENCE_HIGH_HZ = 1.2;
/** Lower end of that band: just below the slowest breath. */
const EVIDENCE_LOW_HZ = 0.045;
/** Number of spectral peaks that are evaluated, highest first. Chosen. */
const CANDIDATES = 3;

/** The breathing rate of a trace and the evidence for it. */
export interface RateEvidence {
  /** Weighted mean of the spectral and the counted rate if they agree, in breaths/min. */
  readonly rate: number;
  /** Rate by the peak of the spectrum, in breaths/min. */
  readonly spectralRate: number;
  /** Rate by counting breaths, in breaths/min; absent if the trace has no complete breath. */
  readonly countedRate?: number;
  /** Fraction of power at the rate and its second harmonic above chance; at most 1. */
  readonly concentration: number;
  /** Autocorrelation at a lag of one period, -1..1. */
  readonly periodicity: number;
  /** Velocity power at the rate relative to that of jitter, as log10; 0 for a random walk. */
  readonly rise: number;
  /** Number of breaths in the window at this rate. */
  readonly cycles: number;
  /** Coefficient of variation of the breath intervals. */
  readonly irregularity: number;
  /** Median height of a breath, in the trace's unit; 0 if there is no complete breath. */
  readonly amplitude: number;
}

/**
 * Estimates the breathing rate of a trace by two methods that must agree: the peak of its spectrum,
 * and the number of breaths in it.
 *
 * The power spectrum is weighted by frequency, a compromise between position, in which body sway (a
 * random walk, 1/f²) masks slow breaths, and velocity, in which the harmonics of a breath exceed
 * its fundamental. Each of the highest peaks is scored by the product of its power above chance,
 * its autocorrelation, and its agreement with the breaths counted in a band around it. The product
 * rejects half and double of the rate.
 *
 * @param trace chest position without gaps in any unit, inhaling is up.
 * @returns undefined if the trace is too short or constant.
 */
export function breathingRate(
  trace: Float64Array,
  { sampleRateHz }: { sampleRateHz: number },
): RateEvidence | undefined {
  const seconds = trace.length / sampleRateHz;
  if (seconds < 4) return undefined;
  const detrended = detrendLinear(trace);
  const positionSpectrum = powerSpectrum(detrended, { sampleRateHz, padFactor: 3 });
  const spectrum = weightByFrequency(positionSpectrum);
  const jitter = jitterPower(positionSpectrum);
  // With fewer than one and a half periods in the window a breath cannot be distinguished from drift.
  const lowHz = Math.max(BREATHING_BAND.lowHz * 0.97, 1.5 / seconds);
  const { highHz } = BREATHING_BAND;
  const peaks = findPeaks(spectrum, { lowHz, highHz: highHz * 1.03, limit: CANDIDATES });
  const wideband = bandPass(detrended, { lowHz: 0.04, highHz: EVIDENCE_HIGH_HZ, sampleRateHz });
  let best: RateEvidence | undefined;
  let bestScore = 0;
  for (const { frequencyHz } of peaks) {
    const signals = { detrended, wideband, spectrum, jitter, sampleRateHz };
    const evidence = evaluateCandidate(frequencyHz, signals);
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
  const disagreement = countedRate === undefined
    ? 1
    : Math.abs(countedRate - spectralRate) / spectralRate;
  return Math.max(0.01, concentration) * Math.max(0.05, periodicity) *
    Math.exp(-((disagreement / 0.2) ** 2));
}

function evaluateCandidate(
  frequencyHz: number,
  { detrended, wideband, spectrum, jitter, sampleRateHz }: {
    detrended: Float64Array;
    wideband: Float64Array;
    spectrum: WeightedSpectrum;
    jitter: number;
    sampleRateHz: number;
  },
): RateEvidence {
  const seconds = detrended.length / sampleRateHz;
  const narrowband = bandPass(detrended, {
    lowHz: 0.5 * frequencyHz,
    highHz: Math.min(EVIDENCE_HIGH_HZ, 2.5 * frequencyHz),
    sampleRateHz,
  });
  const breaths = findBreaths(narrowband, { minSwing: standardDeviation(narrowband) });
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
    periodicity: autocorrelation(wideband, sampleRateHz / frequencyHz),
    rise: Math.log10((powerAt(spectrum, frequencyHz) * frequencyHz) / jitter + 1e-9),
    cycles: seconds * frequencyHz,
    irregularity: intervals.length > 1 ? standardDeviation(intervals) / mean(intervals) : 0,
    amplitude: breaths.length ? median(breaths.map(({ amplitude }) => amplitude)) : 0,
  };
}

/** Returns the intervals between adjacent peaks and between adjacent troughs, in seconds. */
function intervalsOf(breaths: readonly Breath[], sampleRateHz: number): number[] {
  const intervals: number[] = [];
  breaths.forEach((breath, k) => {
    intervals.push((breath.end - breath.start) / sampleRateHz);
    const next = breaths[k + 1];
    if (next) intervals.push((next.peak - breath.peak) / sampleRateHz);
  });
  return intervals;
}

/** Power times frequency in the evidence band, with its cumulative sums. */
interface WeightedSpectrum extends Spectrum {
  /** `sums[bin]` is the total power below that bin. */
  readonly sums: Float64Array;
  readonly firstBin: number;
}

function weightByFrequency({ power, binHz }: Spectrum): WeightedSpectrum {
  const firstBin = Math.ceil(EVIDENCE_LOW_HZ / binHz);
  const end = Math.min(power.length, Math.floor(EVIDENCE_HIGH_HZ / binHz) + 1);
  const weighted = new Float64Array(end), sums = new Float64Array(end + 1);
  for (let bin = 0; bin < end; bin++) {
    if (bin >= firstBin) weighted[bin] = power[bin]! * bin * binHz;
    sums[bin + 1] = sums[bin]! + weighted[bin]!;
  }
  return { power: weighted, binHz, sums, firstBin };
}

/** Band above all breaths; the median over it is insensitive to the heart beat. Chosen. */
const JITTER_BAND = { lowHz: 1.3, highHz: 3.5 } as const;

/** Every fourth bin is sufficient, because zero-padding makes adjacent bins redundant. */
const JITTER_STRIDE = 4;

/** Returns the median velocity power above all breaths; a random walk has it at every frequency. */
function jitterPower({ power, binHz }: Spectrum): number {
  const powers: number[] = [];
  const last = Math.floor(JITTER_BAND.highHz / binHz);
  for (let bin = Math.ceil(JITTER_BAND.lowHz / binHz); bin <= last; bin += JITTER_STRIDE) {
    powers.push(power[bin]! * (bin * binHz) ** 2);
  }
  return Math.max(Number.MIN_VALUE, median(powers) || 0);
}

function powerAt({ power, binHz }: Spectrum, frequencyHz: number): number {
  return power[Math.round(frequencyHz / binHz)] ?? 0;
}

/**
 * Returns the fraction of power around a frequency and its second harmonic, normalized so that a
 * flat spectrum has 0 and a pure tone 1.
 */
function concentrationAt(
  { sums, binHz, firstBin }: WeightedSpectrum,
  { frequencyHz, seconds }: { frequencyHz: number; seconds: number },
): number {
  // The main lobe of a Hann window, plus the spread of a rate that varies by a few percent.
  const halfWidth = 1.3 / seconds + 0.06 * frequencyHz;
  const end = sums.length - 1;
  const bound = (hz: number) => Math.max(firstBin, Math.min(end, Math.ceil(hz / binHz)));
  const first = { from: bound(frequencyHz - halfWidth), to: bound(frequencyHz + halfWidth) };
  const second = {
    from: Math.max(first.to, bound(2 * frequencyHz - halfWidth)),
    to: Math.max(first.to, bound(2 * frequencyHz + halfWidth)),
  };
  let near = 0, nearBins = 0;
  for (const { from, to } of [first, second]) {
    near += sums[to]! - sums[from]!;
    nearBins += to - from;
  }
  const total = sums[end]!, chance = nearBins / (end - firstBin);
  return total > 0 && chance < 1 ? (near / total - chance) / (1 - chance) : 0;
}

/** Returns the normalized autocorrelation at a lag in samples, which may have a fraction. */
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
  const fraction = lag - whole;
  return (1 - fraction) * at(whole) + fraction * at(whole + 1);
}

/** Returns a signal without its least-squares line. */
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
