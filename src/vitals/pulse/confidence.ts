import { assetPath } from "../../base/assets.ts";
import type { PulseFeatures } from "./features.ts";

/** All features of a candidate: those of its window, and those of the window before. */
export interface ConfidenceFeatures extends PulseFeatures {
  /**
   * Power of the candidate relative to the strongest frequency in the window before this one, dB;
   * 0 if there is no such window.
   */
  readonly historyDb: number;
  /** 1 if there is a window before this one, else 0. */
  readonly hasHistory: number;
}

/** Logistic regression of "the rate is right": p = 1 / (1 + exp(-(intercept + Σ weight·feature))). */
export interface ConfidenceModel {
  readonly intercept: number;
  readonly weights: Readonly<Record<FeatureName, number>>;
  /** Features are clamped to these ranges, so that the model does not extrapolate. */
  readonly ranges: Readonly<Record<FeatureName, readonly [low: number, high: number]>>;
}

/**
 * The features of the model, in the order of the fit. Coherence is not one of them: periodic motion
 * is as coherent as a pulse, so low coherence can only reject a candidate.
 */
export const FEATURE_NAMES = [
  "snrDb",
  "marginDb",
  "agreement",
  "prominenceDb",
  "hasCoherence",
  "isSingleSignal",
  "hasProjections",
  "amplitudeStabilityDb",
  "halfWindowOffsetHz",
  "historyDb",
  "hasHistory",
] as const satisfies readonly (keyof ConfidenceFeatures)[];
export type FeatureName = typeof FEATURE_NAMES[number];

/** Loads the shipped model, which `scripts/fit/pulse_confidence.ts` fitted. */
export function loadConfidenceModel(): ConfidenceModel {
  const path = `${assetPath("models")}/confidence.json`;
  const file: { pulse: ConfidenceModel } = JSON.parse(Deno.readTextFileSync(path));
  return file.pulse;
}

/** Probability that a candidate is within 3 beats/min of the true rate, 0 to 1. */
export function pulseConfidence(
  features: Readonly<Record<FeatureName, number>>,
  model: ConfidenceModel,
): number {
  let logit = model.intercept;
  for (const name of FEATURE_NAMES) {
    const [low, high] = model.ranges[name];
    logit += model.weights[name] * Math.max(low, Math.min(high, features[name]));
  }
  return 1 / (1 + Math.exp(-logit));
}
