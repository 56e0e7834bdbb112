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
  /** Log odds of the candidate's rate by the network, 0 without a network. */
  readonly networkLogOdds: number;
}

/** Logistic regression of "the rate is right": p = 1 / (1 + exp(-(intercept + Σ weight·feature))). */
export interface ConfidenceModel {
  readonly intercept: number;
  readonly weights: Readonly<Partial<Record<FeatureName, number>>>;
  /** Features are clamped to these ranges, so that the model does not extrapolate. */
  readonly ranges: Readonly<Partial<Record<FeatureName, readonly [low: number, high: number]>>>;
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
  "networkLogOdds",
] as const satisfies readonly (keyof ConfidenceFeatures)[];
export type FeatureName = typeof FEATURE_NAMES[number];

/** A shipped model: for candidates that a rate network judged as well, or for others. */
export type ConfidenceModelName = "confidence" | "confidence_with_network";

/** The range of a feature that a model does not use. */
const NO_RANGE = [0, 0] as const;

/** Loads a shipped model, which `scripts/fit/pulse_confidence.ts` fitted. */
export function loadConfidenceModel(name: ConfidenceModelName = "confidence"): ConfidenceModel {
  const path = `${assetPath("models")}/${name}.json`;
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
    const [low, high] = model.ranges[name] ?? NO_RANGE;
    logit += (model.weights[name] ?? 0) * Math.max(low, Math.min(high, features[name]));
  }
  return 1 / (1 + Math.exp(-logit));
}
