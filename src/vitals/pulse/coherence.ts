import { dtft } from "../signal/dtft.ts";
import { oscillationsOf } from "./notch.ts";

/** A BVP signal and its region. */
export interface RegionSignal {
  readonly region: string;
  readonly bvp: Float64Array;
  readonly weight: number;
}

/** Fewer regions give no evidence: two random phases agree too often. Chosen. */
const MIN_REGIONS = 3;
/** Approximate length of the segments in which phases are compared: two beats at 40 beats/min. */
const SEGMENT_S = 3;

/**
 * Phase coherence at one frequency of regions that share no pixels: 1 if all phases are equal, about
 * 0 if they are random, like those of sensor and compression noise. The pulse arrives at forehead
 * and cheeks within a few hundredths of a second.
 *
 * In each segment of the window it is (K·R² - 1)/(K - 1), with R the mean resultant length of the
 * phases of K regions (Mardia and Jupp 2000, section 2.3); the result is the mean of all segments.
 * Segments alone would not resolve the motion of a runner from the pulse beside it, so the phases are
 * those of the oscillation of the whole window.
 * Of several signals of a region, the one with the highest weight counts.
 *
 * @returns undefined for fewer than three regions.
 */
export function phaseCoherence(
  signals: readonly RegionSignal[],
  { frequencyHz, sampleRateHz }: { frequencyHz: number; sampleRateHz: number },
): number | undefined {
  const best = new Map<string, RegionSignal>();
  for (const signal of signals) {
    const current = best.get(signal.region);
    if (!current || signal.weight > current.weight) best.set(signal.region, signal);
  }
  if (best.size < MIN_REGIONS) return undefined;
  const regions = oscillationsOf([...best.values()].map(({ bvp }) => bvp), {
    frequencyHz,
    sampleRateHz,
  });
  const { length } = regions[0]!;
  const segments = Math.max(2, Math.floor(length / sampleRateHz / SEGMENT_S));
  const samples = Math.floor(length / segments);
  let sum = 0;
  for (let segment = 0; segment < segments; segment++) {
    let re = 0;
    let im = 0;
    for (const bvp of regions) {
      const signal = bvp.subarray(segment * samples, (segment + 1) * samples);
      const value = dtft(signal, frequencyHz / sampleRateHz);
      const magnitude = Math.hypot(value.re, value.im) || 1;
      re += value.re / magnitude;
      im += value.im / magnitude;
    }
    const count = regions.length;
    sum += ((re * re + im * im) / count - 1) / (count - 1);
  }
  return sum / segments;
}
