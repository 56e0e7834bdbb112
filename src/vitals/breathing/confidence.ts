import { assetPath } from "../../base/assets.ts";
import { BREATHING_FEATURES, type BreathingFeature } from "./evidence.ts";

/** Coefficients of a logistic regression on the breathing features. */
export interface BreathingModel {
  readonly intercept: number;
  readonly weights: Readonly<Record<BreathingFeature, number>>;
}

/** Loads the included model, which `scripts/fit/breathing_confidence.ts` fits. */
export function loadBreathingModel(): BreathingModel {
  return JSON.parse(
    Deno.readTextFileSync(`${assetPath("models")}/breathing_confidence.json`),
  );
}

/** Returns the probability that a rate with these features is within 2 breaths/min, 0..1. */
export function breathingConfidence(
  features: Readonly<Record<BreathingFeature, number>>,
  { intercept, weights }: BreathingModel,
): number {
  const logit = BREATHING_FEATURES.reduce(
    (sum, name) => sum + weights[name] * features[name],
    intercept,
  );
  return 1 / (1 + Math.exp(-logit));
}
