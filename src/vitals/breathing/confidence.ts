import { assetPath } from "../../base/assets.ts";
import { BREATHING_FEATURES, type BreathingFeature } from "./evidence.ts";

/** A logistic regression on named features. */
export interface BreathingModel {
  readonly intercept: number;
  readonly weights: Readonly<Record<BreathingFeature, number>>;
}

/** The shipped model, fitted by `scripts/fit/breathing_confidence.ts`. */
export function loadBreathingModel(): BreathingModel {
  return JSON.parse(
    Deno.readTextFileSync(`${assetPath("models")}/breathing_confidence.json`),
  );
}

/** The probability that a rate with these features is within 2 breaths/min, 0..1. */
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
