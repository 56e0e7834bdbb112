import { decibels } from "../signal/decibels.ts";
import { powerAt } from "../signal/dtft.ts";

/** Number of segments: thirds of the signal that overlap by half. Chosen. */
const SEGMENTS = 5;
/** Lower limit of the result, in decibels. Chosen. */
const MIN_DB = -30;

/**
 * Stability of the amplitude of a signal at one frequency: the power of its weakest segment over the
 * mean of all segments, in decibels, at most 0. A pulse is persistent. Narrow-band noise fades (its
 * envelope is Rayleigh distributed), and a step of the light is in one segment only.
 *
 * @param cycles frequency in cycles per sample.
 */
export function amplitudeStabilityDb(signal: Float64Array, cycles: number): number {
  const length = Math.floor(signal.length / 3);
  let sum = 0;
  let min = Infinity;
  for (let segment = 0; segment < SEGMENTS; segment++) {
    const start = Math.floor((segment * (signal.length - length)) / (SEGMENTS - 1));
    const power = powerAt(signal.subarray(start, start + length), cycles);
    sum += power;
    min = Math.min(min, power);
  }
  return decibels((SEGMENTS * min) / sum, { minDb: MIN_DB });
}
