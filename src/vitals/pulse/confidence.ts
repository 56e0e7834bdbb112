import { assetPath } from "../../base/assets.ts";
import type { PulseFeatures } from "./fusion.ts";

/** All that the confidence is judged by. */
export interface JudgementFeatures extends PulseFeatures {
  /** How far it stood behind the best of the window before this one, dB; 0 where that is unknown. */
  readonly pastDb: number;
  /** 1 where there is a window before this one. */
  readonly hasPast: number;
}

/** A logistic model of "the rate is right": p = 1 / (1 + exp(-(bias + Σ weight · feature))). */
export interface ConfidenceModel {
  readonly bias: number;
  readonly weights: Readonly<Record<FeatureName, number>>;
  /** Features are cut to these ranges, so that nothing is extrapolated. */
  readonly ranges: Readonly<Record<FeatureName, readonly [low: number, high: number]>>;
}

/**
 * The features of the model, in the order of the fit. Coherence is not among them: what repeats but
 * is no heart is as coherent as one, so it can only speak against a candidate, by a veto.
 */
export const FEATURE_NAMES = [
  "snrDb",
  "marginDb",
  "agreement",
  "prominenceDb",
  "placed",
  "alone",
  "colored",
  "amplitudeStabilityDb",
  "apartHz",
  "pastDb",
  "hasPast",
] as const satisfies readonly (keyof JudgementFeatures)[];
export type FeatureName = typeof FEATURE_NAMES[number];

/** The shipped model, fitted by `scripts/fit_confidence.ts`. */
export function loadConfidenceModel(): ConfidenceModel {
  const path = `${assetPath("models")}/confidence.json`;
  const file: { pulse: ConfidenceModel } = JSON.parse(Deno.readTextFileSync(path));
  return file.pulse;
}

/** The probability that a candidate is within 3 beats/min of the truth. */
export function pulseConfidence(
  features: Readonly<Record<FeatureName, number>>,
  model: ConfidenceModel,
): number {
  let z = model.bias;
  for (const name of FEATURE_NAMES) {
    const [low, high] = model.ranges[name];
    z += model.weights[name] * Math.max(low, Math.min(high, features[name]));
  }
  return 1 / (1 + Math.exp(-z));
}
