import { powerAt } from "../signal/tone.ts";

/** Where the top about a candidate's half or third is looked for, off its exact place, Hz. */
const OFFS_HZ = [-0.09, -0.06, -0.03, 0, 0.03, 0.06, 0.09] as const;
/** It is that half or third if it is no further off: ten seconds resolve no less. */
const MOST_OFF_HZ = 0.07;
/** This far beside its top a steady rhythm has fallen to a quarter, drift and noise have not. */
const BESIDE_HZ = 0.1;
const LEAST_FALL = 2;
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
export function subharmonicDb(
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

/** The power of the top in the spectrum about a frequency, 0 where none stands out. */
function topNear(
  wave: Float64Array,
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number {
  const power = (off: number) => powerAt(wave, (frequencyHz + off) / sampleRateHz);
  let [best, top] = [0, 0];
  for (const off of OFFS_HZ) {
    const here = power(off);
    if (here > top) [best, top] = [off, here];
  }
  const beside = Math.max(power(best - BESIDE_HZ), power(best + BESIDE_HZ));
  return Math.abs(best) < MOST_OFF_HZ && top > LEAST_FALL * beside ? top : 0;
}
