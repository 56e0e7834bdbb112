import { bandPass } from "../signal/bandpass.ts";
import { standardDeviation } from "../../base/statistics.ts";
import { refineExtremum } from "../signal/extrema.ts";

/** A wave must go this far to both sides of zero, in standard deviations, to be a beat. */
const MIN_SWING = 0.4;

/**
 * Times of given peaks between samples, by a parabola through three: at 30 Hz a whole sample is
 * 33 ms, more than the variability of most hearts.
 *
 * @returns indices with fractions.
 */
export function refinePeaks(bvp: Float64Array, peaks: readonly number[]): number[] {
  return peaks.map((index) => refineExtremum(bvp, index));
}

/** One beat in a window. */
export interface Beat {
  /** Where the wave rises through zero: the index of a sample, with a fraction. */
  readonly index: number;
  /** The peak after it, likewise. */
  readonly peak: number;
  /** Height of the peak over the trough before it, in the wave's unit. */
  readonly height: number;
}

/**
 * The beats of a blood volume pulse. A beat's time is where the wave, limited to three
 * harmonics, rises through zero: there it is steepest, so that noise moves it least.
 *
 * @param bvp systole up, without holes.
 * @param options `rate` of the window in beats/min, which sets the band.
 */
export function findBeats(
  bvp: Float64Array,
  { sampleRateHz, rate }: { sampleRateHz: number; rate: number },
): Beat[] {
  const hz = rate / 60;
  const highHz = Math.min(3.2 * hz, 0.45 * sampleRateHz);
  const wave = bandPass(bvp, { lowHz: 0.35 * hz, highHz, sampleRateHz });
  const swing = MIN_SWING * standardDeviation(wave);
  if (!(swing > 0)) return [];
  const beats: Beat[] = [];
  let low = 0, crossing = -1, high = -1;
  for (let k = 1; k < wave.length; k++) {
    const before = wave[k - 1]!, value = wave[k]!;
    if (before < 0 && value >= 0 && wave[low]! < -swing) {
      crossing = k - 1 - before / (value - before);
    }
    if (crossing >= 0 && value > 0 && (high < 0 || value > wave[high]!)) high = k;
    if (value < 0 && before >= 0) {
      if (high >= 0 && wave[high]! > swing) {
        const height = wave[high]! - wave[low]!;
        beats.push({ index: crossing, peak: refineExtremum(wave, high), height });
        low = k;
      }
      crossing = high = -1;
    }
    if (value < wave[low]! || wave[low]! >= 0) low = k;
  }
  return beats;
}
