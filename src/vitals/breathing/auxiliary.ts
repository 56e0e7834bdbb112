import { breathingConfidence, type BreathingModel } from "./confidence.ts";
import { confidenceFeatures } from "./evidence.ts";
import { breathingRate } from "./rate.ts";

/** A signal beside the chest trace that may carry the breathing rhythm. */
export interface AuxiliarySignal {
  readonly name: string;
  readonly signal: Float64Array;
}

/** The breathing rate of an auxiliary signal. */
export interface AuxiliaryRate {
  readonly name: string;
  /** In breaths/min. */
  readonly rate: number;
  /** Confidence by the signal's own evidence, 0..1. */
  readonly quality: number;
}

/** Auxiliary rates of lower quality are ignored. Chosen. */
const MIN_QUALITY = 0.5;
/** Largest difference between two rates that agree, in breaths/min. */
const RATE_TOLERANCE = 2;
/**
 * Log odds that an agreeing rate of quality 1 adds to those of the chest. Chosen: chance agrees in
 * one of ten cases and a real breath in at least half, which would justify 1.6; as no recording
 * confirms that, a third of it is used.
 */
const LOG_ODDS_WEIGHT = 0.5;
/**
 * Value of the feature `rise` for all auxiliary signals: those sampled once per heart beat have no
 * jitter above 1 Hz to compare with. Chosen.
 */
const ASSUMED_RISE = 1.5;

/** Returns the breathing rate of each auxiliary signal that has one of sufficient quality. */
export function auxiliaryRates(
  signals: readonly AuxiliarySignal[],
  { sampleRateHz, model }: { sampleRateHz: number; model: BreathingModel },
): AuxiliaryRate[] {
  return signals.flatMap(({ name, signal }) => {
    const evidence = breathingRate(signal, { sampleRateHz });
    if (!evidence) return [];
    const features = confidenceFeatures(
      { ...evidence, rise: ASSUMED_RISE },
      { accord: 0.5, motionFraction: 0 },
    );
    const quality = breathingConfidence(features, model);
    return quality >= MIN_QUALITY ? [{ name, rate: evidence.rate, quality }] : [];
  });
}

/**
 * Returns the confidence of the chest's rate, raised by the auxiliary rates that agree with it.
 *
 * A rate that disagrees changes nothing, because the circulation has slow oscillations of its own,
 * near six a minute, that are no breath.
 */
export function corroboratedConfidence(
  { rate, confidence }: { readonly rate: number; readonly confidence: number },
  auxiliary: readonly AuxiliaryRate[],
): number {
  const support = auxiliary
    .filter((other) => Math.abs(other.rate - rate) <= RATE_TOLERANCE)
    .reduce((sum, { quality }) => sum + LOG_ODDS_WEIGHT * quality, 0);
  if (confidence <= 0 || confidence >= 1) return confidence;
  const odds = (confidence / (1 - confidence)) * Math.exp(support);
  return odds / (1 + odds);
}
