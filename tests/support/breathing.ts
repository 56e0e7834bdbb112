import type { BreathingEstimate } from "../../src/vitals/estimate.ts";
import type { BreathingEstimator } from "../../src/vitals/breathing/estimator.ts";
import { BREATHING_FEATURES, type BreathingFeature } from "../../src/vitals/breathing/evidence.ts";
import type { BreathingModel } from "../../src/vitals/breathing/confidence.ts";
import type { RegionSample } from "../../src/vision/region_sample.ts";
import { type SampleParts, samplesOf } from "./samples.ts";
import { Random } from "./random.ts";

/** Samples of a chest whose position is a function of time, in image heights; inhaling goes up. */
export function chestSamples(
  seconds: number,
  { position, noise = 0.0001, fps = 30, at = () => ({}) }: {
    position: (timeS: number) => number;
    /** Standard deviation of the noise of each position, in image heights. */
    noise?: number;
    fps?: number;
    at?: (timeS: number) => SampleParts;
  },
): RegionSample[] {
  const random = new Random(7);
  let before = position(0);
  return samplesOf(seconds, {
    fps,
    at: (timeS) => {
      const now = position(timeS) + noise * random.normal();
      const dy = before - now;
      before = now;
      return {
        chest: { dy, confidence: 0.8 },
        nose: { dy: dy / 3, confidence: 0.8 },
        ...at(timeS),
      };
    },
  });
}

/** The estimates at every fifth of a second. */
export function estimatesOf(
  estimator: BreathingEstimator,
  samples: readonly RegionSample[],
): { timeS: number; estimate: BreathingEstimate }[] {
  const firstUs = samples[0]?.timeUs ?? 0;
  let nextUs = firstUs;
  return samples.flatMap((sample) => {
    estimator.push(sample);
    if (sample.timeUs < nextUs) return [];
    nextUs += 200_000;
    const estimate = estimator.estimate({ nowUs: sample.timeUs, fps: 30 });
    return [{ timeS: (sample.timeUs - firstUs) / 1e6, estimate }];
  });
}

/** A model whose confidence is the same for all features. */
export function constantModel(confidence: number): BreathingModel {
  const weights = Object.fromEntries(BREATHING_FEATURES.map((name) => [name, 0]));
  return {
    intercept: Math.log(confidence / (1 - confidence)),
    weights: weights as Record<BreathingFeature, number>,
  };
}
