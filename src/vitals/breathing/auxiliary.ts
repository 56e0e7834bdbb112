import { breathingConfidence, type BreathingModel } from "./confidence.ts";
import { featuresOf } from "./evidence.ts";
import { breathingRate } from "./rate.ts";

/** A signal that may carry the breath beside the chest. */
export interface Witness {
  readonly name: string;
  readonly signal: Float64Array;
}

/** What a witness says. */
export interface Vote {
  readonly name: string;
  /** In breaths/min. */
  readonly rate: number;
  /** How much its own evidence is worth, 0..1. */
  readonly quality: number;
}

/** A witness with less is not heard. */
const MIN_QUALITY = 0.5;
/** Rates this close are the same rate, in breaths/min. */
const SAME_RATE = 2;
/**
 * What an agreeing vote adds to the chest's log odds. Chance agrees in one of ten cases, a true
 * breath in at least half: that would be 1.6. No recording at hand can confirm it, so a third.
 */
const WEIGHT = 0.5;
/** The same jitter is assumed for all: signals read from beats have none above one a second. */
const USUAL_RISE = 1.5;

/** Hears each witness over its whole signal. */
export function votesOf(
  witnesses: readonly Witness[],
  { sampleRateHz, model }: { sampleRateHz: number; model: BreathingModel },
): Vote[] {
  return witnesses.flatMap(({ name, signal }) => {
    const evidence = breathingRate(signal, { sampleRateHz });
    if (!evidence) return [];
    const features = featuresOf({ ...evidence, rise: USUAL_RISE }, { accord: 0.5, movedShare: 0 });
    const quality = breathingConfidence(features, model);
    return quality >= MIN_QUALITY ? [{ name, rate: evidence.rate, quality }] : [];
  });
}

/**
 * The chest's probability with the votes that agree with it. Votes that do not agree change
 * nothing: the heart has slow waves of its own, near six a minute, that are no breath.
 */
export function supported(
  { rate, confidence }: { readonly rate: number; readonly confidence: number },
  votes: readonly Vote[],
): number {
  const support = votes
    .filter((vote) => Math.abs(vote.rate - rate) <= SAME_RATE)
    .reduce((sum, { quality }) => sum + WEIGHT * quality, 0);
  if (confidence <= 0 || confidence >= 1) return confidence;
  const odds = (confidence / (1 - confidence)) * Math.exp(support);
  return odds / (1 + odds);
}
