import { hann } from "../signal/spectrum.ts";

/** A wave and the place it was seen at. */
export interface PlacedWave {
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
  waves: readonly PlacedWave[],
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number | undefined {
  const best = new Map<string, PlacedWave>();
  for (const wave of waves) {
    const known = best.get(wave.place);
    if (!known || wave.weight > known.weight) best.set(wave.place, wave);
  }
  const places = [...best.values()];
  if (places.length < LEAST_PLACES) return undefined;
  const { length } = places[0]!.bvp;
  const parts = Math.max(2, Math.floor(length / sampleRateHz / PART_S));
  const size = Math.floor(length / parts);
  let sum = 0;
  for (let part = 0; part < parts; part++) {
    let re = 0;
    let im = 0;
    for (const { bvp } of places) {
      const wave = bvp.subarray(part * size, (part + 1) * size);
      const phase = phaseOf(wave, frequencyHz / sampleRateHz);
      re += Math.cos(phase);
      im += Math.sin(phase);
    }
    const count = places.length;
    sum += ((re * re + im * im) / count - 1) / (count - 1);
  }
  return sum / parts;
}

/** The phase of a wave at a frequency in cycles a sample, under a Hann window. */
function phaseOf(wave: Float64Array, cyclesPerSample: number): number {
  const window = hann(wave.length);
  // One rotation a sample instead of a sine and a cosine.
  const stepRe = Math.cos(2 * Math.PI * cyclesPerSample);
  const stepIm = Math.sin(2 * Math.PI * cyclesPerSample);
  let turnRe = 1;
  let turnIm = 0;
  let re = 0;
  let im = 0;
  for (let k = 0; k < wave.length; k++) {
    const value = wave[k]! * window[k]!;
    re += value * turnRe;
    im -= value * turnIm;
    const next = turnRe * stepRe - turnIm * stepIm;
    turnIm = turnRe * stepIm + turnIm * stepRe;
    turnRe = next;
  }
  return Math.atan2(im, re);
}
