import type { Withheld } from "../withheld.ts";
import type { ConfidenceFeatures } from "./confidence.ts";
import { SAME_RATE } from "./features.ts";
import type { PulseCandidate } from "./fusion.ts";
import type { PulseWindow } from "./methods/method.ts";
import type { RateBand } from "./rate_band.ts";
import { rejectionReason } from "./rejection.ts";

/** Minimum confidence of a published rate. Chosen. */
const MIN_CONFIDENCE = 0.7;
/** Candidates of less confidence are noise, whatever else they resemble. Chosen. */
const MIN_REJECTED_CONFIDENCE = 0.3;
/** The same for flicker, which the background shows as well: a pulse beside it costs confidence. */
const MIN_FLICKER_CONFIDENCE = 0.1;
/** Range of published rates, in beats/min. */
const MIN_RATE = 30;
const MAX_RATE = 220;
/** A rate up to this far outside the range is published as the end of the range, in beats/min. */
const RATE_TOLERANCE = 0.5;
/** Minimum phase coherence of regions: noise of sensor and compression is incoherent. Chosen. */
const MIN_COHERENCE = 0.4;
/**
 * From this confidence on, a low coherence is that of a weak pulse, as on dark skin. Measured: most
 * recordings without a pulse stay under 0.9; a talking face reaches 0.96.
 */
const CERTAIN = 0.95;
/**
 * A rate to which the rate network gives less is not published, however clean the signal: the beats
 * of an irregular heart are clean, but their strongest frequency is not the number of beats. Chosen.
 */
const MIN_NETWORK_PROBABILITY = 0.3;
/** Maximum speed of the face in face widths per second: faster motion blurs the skin. Chosen. */
const MAX_FACE_SPEED = 0.5;
/** A candidate with a subharmonic stronger than this is a harmonic itself, in decibels. */
const MAX_SUBHARMONIC_DB = 0;
/** Upper limits of the confidence of a rate that is withheld, by reason. Chosen. */
const MAX_CONFIDENCE = {
  rejected: 0.1,
  incoherent: 0.5,
  outOfRange: 0.5,
  improbable: 0.5,
} as const;

/** What the gate needs besides the candidate. */
export interface GateContext {
  readonly window: PulseWindow;
  /** Rate of the candidate in beats/min. */
  readonly rate: number;
  /** Confidence of the candidate by its features. */
  readonly confidence: number;
  readonly features: ConfidenceFeatures;
  /** Probability of the rate by the rate network in this window; undefined without it. */
  readonly networkProbability?: number | undefined;
  /** The assessment before: incoherent noise is coherent by chance now and then. */
  readonly previous: { readonly rate: number; readonly isIncoherent: boolean } | undefined;
  /** Speed of the face in face widths per second. */
  readonly faceSpeed: number;
  readonly breathsPerMinute: number | undefined;
}

/** Whether a candidate is published. */
export interface Decision {
  readonly confidence: number;
  /** Absent if the candidate is published. */
  readonly withheld?: Withheld;
  /** True if the candidate is known to be something else than a pulse, which may hide beside it. */
  readonly isRejected?: true;
  /** True if only the rate network speaks against the candidate, whose beats may be irregular. */
  readonly isImprobable?: true;
}

/** Decides whether a candidate is published: its confidence, and why it is withheld. */
export function gate(candidate: PulseCandidate, context: GateContext): Decision {
  const { rate, confidence, networkProbability = 1, faceSpeed, previous } = context;
  const { min, max } = candidate.band.published;
  if (rate < min || rate >= max) {
    const limited = Math.min(confidence, MAX_CONFIDENCE.outOfRange);
    return { confidence: limited, withheld: "low_quality" };
  }
  if (confidence < MIN_FLICKER_CONFIDENCE) return { confidence, withheld: "low_quality" };
  const isConfident = confidence >= MIN_CONFIDENCE;
  if (faceSpeed > MAX_FACE_SPEED && isConfident) {
    return { confidence: MAX_CONFIDENCE.rejected, withheld: "motion" };
  }
  const against = reasonAgainst(candidate, context);
  if (against && confidence >= minRejectedConfidence(against)) {
    // Noise resembles motion in part: only a confident candidate is explained by it.
    const withheld = isConfident ? against : "low_quality";
    return { confidence: limitedBy(against, confidence), withheld, isRejected: true };
  }
  if (!isConfident) return { confidence, withheld: "low_quality" };
  if (networkProbability < MIN_NETWORK_PROBABILITY) {
    return {
      confidence: MAX_CONFIDENCE.improbable,
      withheld: "low_quality",
      isImprobable: true,
    };
  }
  return previous?.isIncoherent && Math.abs(previous.rate - rate) <= SAME_RATE
    ? { confidence: MAX_CONFIDENCE.incoherent, withheld: "low_quality" }
    : { confidence };
}

/** What a candidate is instead of a pulse; undefined if nothing speaks against a pulse. */
function reasonAgainst(
  { frequencyHz, subharmonicDb, band }: PulseCandidate,
  context: GateContext,
): Withheld | undefined {
  const { window, confidence } = context;
  const rejection = rejectionReason(window, frequencyHz);
  if (rejection === "flicker") return rejection;
  if (isIncoherent(context)) return "low_quality";
  const isMotion = subharmonicDb > MAX_SUBHARMONIC_DB ||
    (isBreathingHarmonic(context, band) && confidence < band.minBreathingHarmonicConfidence);
  return isMotion ? "motion" : rejection;
}

function minRejectedConfidence(against: Withheld): number {
  return against === "flicker" ? MIN_FLICKER_CONFIDENCE : MIN_REJECTED_CONFIDENCE;
}

function limitedBy(against: Withheld, confidence: number): number {
  const limit = against === "low_quality" ? MAX_CONFIDENCE.incoherent : MAX_CONFIDENCE.rejected;
  return Math.min(confidence, limit);
}

/** Replaces a rate just outside the published range by the end of the range, in beats/min. */
export function clampRate(rate: number): number {
  if (rate < MIN_RATE - RATE_TOLERANCE || rate > MAX_RATE + RATE_TOLERANCE) return rate;
  return Math.min(MAX_RATE, Math.max(MIN_RATE, rate));
}

/** True if the coherence of regions is known and too low for the confidence of a candidate. */
export function isIncoherent(
  { features, confidence }: Pick<GateContext, "features" | "confidence">,
): boolean {
  return features.hasCoherence === 1 && features.coherence < MIN_COHERENCE && confidence < CERTAIN;
}

function isBreathingHarmonic(
  { rate, breathsPerMinute = NaN }: GateContext,
  { breathingHarmonics }: RateBand,
): boolean {
  return breathingHarmonics.some((n) => Math.abs(rate - n * breathsPerMinute) <= SAME_RATE);
}
