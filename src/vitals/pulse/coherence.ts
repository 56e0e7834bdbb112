import { toneAt } from "../signal/tone.ts";

/** A wave and the place it was seen at. */
export interface RegionSignal {
  readonly place: string;
  readonly bvp: Float64Array;
  readonly weight: number;
}

/** Fewer places prove nothing: two phases agree too often by chance. */
const LEAST_PLACES = 3;
/** Phases are compared in parts of about this length: two beats of a slow heart. */
const PART_S = 3;

/**
 * How well places that share no pixels beat together at one frequency: 1 where all have the same
 * phase, about 0 where phases are random, as those of sensor and compression noise are. A heart
 * reaches forehead and cheeks within a few hundredths of a second.
 *
 * In each part of the window: (K·R² - 1)/(K - 1) with R the mean resultant length of the phases of
 * K places (Mardia and Jupp 2000, section 2.3), then the mean of the parts.
 *
 * @returns undefined where fewer than three places are seen.
 */
export function coherenceOf(
  waves: readonly RegionSignal[],
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number | undefined {
  const best = new Map<string, RegionSignal>();
  for (const wave of waves) {
    const known = best.get(wave.place);
    if (!known || wave.weight > known.weight) best.set(wave.place, wave);
  }
  const places = [...best.values()];
  if (places.length < LEAST_PLACES) return undefined;
  const { length } = places[0]!.bvp;
  const parts = Math.max(2, Math.floor(length / sampleRateHz / PART_S));
  const samples = Math.floor(length / parts);
  let sum = 0;
  for (let part = 0; part < parts; part++) {
    let re = 0;
    let im = 0;
    for (const { bvp } of places) {
      const wave = bvp.subarray(part * samples, (part + 1) * samples);
      const tone = toneAt(wave, frequencyHz / sampleRateHz);
      const size = Math.hypot(tone.re, tone.im) || 1;
      re += tone.re / size;
      im += tone.im / size;
    }
    const count = places.length;
    sum += ((re * re + im * im) / count - 1) / (count - 1);
  }
  return sum / parts;
}
