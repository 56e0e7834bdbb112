import { bandPass } from "../signal/bandpass.ts";
import { standardDeviation } from "../../base/statistics.ts";
import { refineExtremum } from "../signal/extrema.ts";

/** Minimum excursion of a beat to both sides of zero, in standard deviations. Chosen. */
const MIN_SWING = 0.4;
/** Upper edge of the filter over the rate: three harmonics time a beat most exactly. */
const HARMONICS = 3.2;

interface BeatFilterOptions {
  readonly sampleRateHz: number;
  /** Rate of the window in beats/min, which sets the filter's band. */
  readonly rate: number;
  /** Upper edge of the filter over the rate. @default 3.2 */
  readonly harmonics?: number;
}

interface FindBeatsOptions extends BeatFilterOptions {
  /** Minimum excursion to both sides of zero, in standard deviations. @default 0.4 */
  readonly minSwing?: number;
}

/** A beat in a BVP window; positions are sample indices with fractions. */
export interface WindowBeat {
  /** Zero crossing of the rising signal. */
  readonly crossing: number;
  /** The peak after it. */
  readonly peak: number;
  /** Height of the peak above the trough before it, in the signal's unit. */
  readonly height: number;
}

/** Keeps the fundamental and the lowest harmonics of a blood volume pulse without gaps. */
export function filterBeats(
  bvp: Float64Array,
  { sampleRateHz, rate, harmonics = HARMONICS }: BeatFilterOptions,
): Float64Array {
  const hz = rate / 60;
  const highHz = Math.min(harmonics * hz, 0.45 * sampleRateHz);
  return bandPass(bvp, { lowHz: 0.35 * hz, highHz, sampleRateHz });
}

/**
 * Finds the beats of a blood volume pulse.
 *
 * A beat is timed at the zero crossing of its rise, after a band-pass filter that keeps three
 * harmonics. The signal is steepest there, so noise shifts that time least.
 *
 * @param bvp blood volume pulse without gaps, systole is up.
 */
export function findBeats(
  bvp: Float64Array,
  { minSwing = MIN_SWING, ...filter }: FindBeatsOptions,
): WindowBeat[] {
  const signal = filterBeats(bvp, filter);
  const minExcursion = minSwing * standardDeviation(signal);
  if (!(minExcursion > 0)) return [];
  const beats: WindowBeat[] = [];
  let trough = 0, crossing = -1, peak = -1;
  for (let k = 1; k < signal.length; k++) {
    const before = signal[k - 1]!, value = signal[k]!;
    if (before < 0 && value >= 0 && signal[trough]! < -minExcursion) {
      crossing = k - 1 - before / (value - before);
    }
    if (crossing >= 0 && value > 0 && (peak < 0 || value > signal[peak]!)) peak = k;
    if (value < 0 && before >= 0) {
      if (peak >= 0 && signal[peak]! > minExcursion) {
        const height = signal[peak]! - signal[trough]!;
        beats.push({ crossing, peak: refineExtremum(signal, peak), height });
        trough = k;
      }
      crossing = peak = -1;
    }
    if (value < signal[trough]! || signal[trough]! >= 0) trough = k;
  }
  return beats;
}
