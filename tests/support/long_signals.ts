import type { PulseSignal } from "../../src/vitals/pulse/methods/method.ts";
import { Random } from "./random.ts";
import { SAMPLE_RATE_HZ } from "./synthetic_signals.ts";

/** Twenty seconds, as long as the rate network looks back. */
export const LONG_LENGTH = 20 * SAMPLE_RATE_HZ;

/** Parts of a signal of twenty seconds. */
export interface LongSignal {
  readonly seed: number;
  /** Rate in beats/min; 0: no pulse. */
  readonly rate: number;
  /** Deviation of white noise relative to the amplitude of the pulse, or 1. */
  readonly noise: number;
  /** Deviation of the intervals between beats, relative to their mean. @default 0 */
  readonly irregularity?: number;
}

/** A ready signal of twenty seconds: a pulse of two harmonics in white noise. */
export function longSignal({ seed, rate, noise, irregularity = 0 }: LongSignal): PulseSignal {
  const random = new Random(seed);
  const bvp = new Float64Array(LONG_LENGTH);
  let [phase, interval] = [0, 1];
  for (let k = 0; k < LONG_LENGTH; k++) {
    const before = Math.floor(phase);
    phase += rate / 60 / SAMPLE_RATE_HZ / interval;
    if (Math.floor(phase) > before) interval = Math.max(0.4, 1 + irregularity * random.normal());
    const beat = Math.cos(2 * Math.PI * phase) + 0.3 * Math.cos(4 * Math.PI * phase + 1);
    bvp[k] = (rate > 0 ? beat : 0) + noise * random.normal();
  }
  return { name: `signal ${seed}`, bvp };
}
