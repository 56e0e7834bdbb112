import { decibels } from "../signal/decibels.ts";
import { powerAt } from "../signal/dtft.ts";

/** Offsets from the exact subharmonic at which its peak is searched, in hertz. Chosen. */
const OFFSETS_HZ = [-0.09, -0.06, -0.03, 0, 0.03, 0.06, 0.09] as const;
/** A peak further off is not the subharmonic: ten seconds resolve 0.1 Hz. */
const MAX_OFFSET_HZ = 0.07;
/** Distance from a peak at which its fall is measured, in hertz: ten seconds resolve it. */
const FALL_DISTANCE_HZ = 0.1;
/** A steady rhythm falls to a quarter at that distance; drift and noise do not. */
const MIN_FALL = 2;
/** Subharmonics of which breathing and sway have harmonics in the pulse band. */
export const MOTION_DIVISORS = [2, 3] as const;
/** Lower limit of the result, used when no subharmonic is present, in decibels. Chosen. */
const MIN_DB = -30;

/**
 * Power of the stronger subharmonic (1/2 or 1/3 of the frequency) over the power at the frequency
 * itself, in decibels. Over 0 the frequency is a harmonic of something slower, such as breathing or
 * sway. Only a peak of the spectrum counts as a subharmonic, since drift has no harmonics.
 *
 * @param signal the unfiltered signal without its mean.
 */
export function subharmonicDb(
  signal: Float64Array,
  { frequencyHz, sampleRateHz, divisors = MOTION_DIVISORS }: {
    frequencyHz: number;
    sampleRateHz: number;
    divisors?: readonly number[];
  },
): number {
  const power = powerAt(signal, frequencyHz / sampleRateHz);
  const strongest = Math.max(
    ...divisors.map((divisor) =>
      peakPowerNear(signal, { frequencyHz: frequencyHz / divisor, sampleRateHz })
    ),
  );
  return decibels(strongest / Math.max(power, Number.MIN_VALUE), { minDb: MIN_DB });
}

/** Power of the spectral peak near a frequency, 0 if there is no distinct peak. */
function peakPowerNear(
  signal: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const powerAtOffset = (offsetHz: number) =>
    powerAt(signal, (frequencyHz + offsetHz) / sampleRateHz);
  let [peakOffsetHz, peak] = [0, 0];
  for (const offsetHz of OFFSETS_HZ) {
    const power = powerAtOffset(offsetHz);
    if (power > peak) [peakOffsetHz, peak] = [offsetHz, power];
  }
  const distanceHz = Math.max(FALL_DISTANCE_HZ, sampleRateHz / signal.length);
  const beside = Math.max(
    powerAtOffset(peakOffsetHz - distanceHz),
    powerAtOffset(peakOffsetHz + distanceHz),
  );
  return Math.abs(peakOffsetHz) < MAX_OFFSET_HZ && peak > MIN_FALL * beside ? peak : 0;
}
