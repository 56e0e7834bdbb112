import type { DetectionSample, RateSample, Sample } from "../vitals/estimate.ts";
import type { Detection, EpochUs, Measurement, RateMeasurement } from "./envelope.ts";

/** Places a monotonic time on the wall. */
export type ToEpoch = (monotonicUs: number) => EpochUs;

/** Rounds to `digits` decimals: what is beyond the noise costs only bytes. */
export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

/** Decimals by kind of number: well under what any of them is worth. */
const TRACE_DIGITS = 5;
const RATE_DIGITS = 2;
const CONFIDENCE_DIGITS = 3;

export function roundedRate(value: number): number {
  return rounded(value, RATE_DIGITS);
}

export function roundedConfidence(value: number): number {
  return rounded(value, CONFIDENCE_DIGITS);
}

/** A list of values for the wire; `undefined` where there is nothing to say. */
export function measurements(
  samples: readonly Sample[],
  toEpoch: ToEpoch,
): Measurement[] | undefined {
  return listed(samples, ({ timeUs, value }) => ({
    value: rounded(value, TRACE_DIGITS),
    timestamp: toEpoch(timeUs),
  }));
}

export function rates(
  samples: readonly RateSample[],
  toEpoch: ToEpoch,
): RateMeasurement[] | undefined {
  return listed(samples, ({ timeUs, value, confidence, stable }) => ({
    value: roundedRate(value),
    confidence: roundedConfidence(confidence),
    stable,
    timestamp: toEpoch(timeUs),
  }));
}

export function detections(
  samples: readonly DetectionSample[],
  toEpoch: ToEpoch,
): Detection[] | undefined {
  return samples.length === 0 ? undefined : samples.map(({ timeUs, detected, stable }) => ({
    detected,
    stable,
    timestamp: toEpoch(timeUs),
  }));
}

/** JSON knows no NaN: a number that is none is no sample. */
function listed<In extends Sample, Out>(
  samples: readonly In[],
  convert: (sample: In) => Out,
): Out[] | undefined {
  const list = samples.filter((sample) => Number.isFinite(sample.value)).map(convert);
  return list.length > 0 ? list : undefined;
}

/** The object without its undefined entries; `undefined` where nothing is left. */
export function present<T extends object>(
  entries: { readonly [K in keyof T]: T[K] | undefined },
): T | undefined {
  const kept = Object.entries(entries).filter(([, value]) => value !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) as T : undefined;
}
