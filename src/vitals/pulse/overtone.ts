import { powerAt } from "../signal/tone.ts";

/** Where a candidate's half or third may lie, off its exact place, Hz: what ten seconds resolve. */
const OFFS_HZ = [-0.06, -0.03, 0, 0.03, 0.06] as const;
/** Beyond these it has to be less, or it is the slope of something else. */
const SLOPE_HZ = 0.1;
/** The overtones of a breath that reach into the range of a pulse. */
const DIVIDERS = [2, 3] as const;
/** What is told where nothing is there, dB. */
const NOTHING_DB = -30;

/**
 * How much stronger than a candidate its half or its third is in the same wave, dB: over 0 for the
 * overtone of something slower, a breath or a sway, which is no rate of a heart. Only a rhythm
 * counts, a top in the spectrum: drift is slow without having overtones.
 *
 * @param wave as it was seen: with all that is slower than a pulse, but without its mean.
 */
export function undertoneDb(
  wave: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const own = powerAt(wave, frequencyHz / sampleRateHz);
  const slower = Math.max(
    ...DIVIDERS.map((divider) =>
      topNear(wave, { frequencyHz: frequencyHz / divider, sampleRateHz })
    ),
  );
  const ratio = slower / Math.max(own, Number.MIN_VALUE);
  return ratio > 0 ? Math.max(NOTHING_DB, 10 * Math.log10(ratio)) : NOTHING_DB;
}

/** The power of the top in the spectrum about a frequency, 0 where there is none. */
function topNear(
  wave: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const power = (off: number) => powerAt(wave, (frequencyHz + off) / sampleRateHz);
  const top = Math.max(...OFFS_HZ.map(power));
  return top > Math.max(power(-SLOPE_HZ), power(SLOPE_HZ)) ? top : 0;
}
