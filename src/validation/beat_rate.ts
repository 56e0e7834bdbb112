import { findBeats } from "../vitals/hrv/beats.ts";

/** Part of the time that must lie between two beats: up to a beat is unknown at its ends. Chosen. */
const MIN_KNOWN_SHARE = 0.5;

interface BeatRateOptions {
  readonly sampleRateHz: number;
  /** Rate of the whole signal by its spectrum, in 1/min. */
  readonly rate: number;
  /** The time that the rate is to describe, in samples from the first one. */
  readonly from: number;
  readonly to: number;
}

/**
 * Mean rate of the beats of a waveform over a part that is too short for a spectrum, in 1/min: the
 * number of beats in that part over its time, where a beat that is partly inside counts as that part.
 *
 * @param signal waveform of a contact PPG without gaps, systole is up.
 * @returns undefined if less than half of the part lies between two beats.
 */
export function beatRate(
  signal: Float64Array,
  { sampleRateHz, rate, from, to }: BeatRateOptions,
): number | undefined {
  const beats = findBeats(signal, { sampleRateHz, rate });
  let [samples, count] = [0, 0];
  for (let k = 1; k < beats.length; k++) {
    const [start, end] = [beats[k - 1]!.crossing, beats[k]!.crossing];
    const inside = Math.min(end, to) - Math.max(start, from);
    if (inside <= 0) continue;
    samples += inside;
    count += inside / (end - start);
  }
  return samples >= MIN_KNOWN_SHARE * (to - from) ? 60 * sampleRateHz * count / samples : undefined;
}
