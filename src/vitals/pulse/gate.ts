import type { Withheld } from "../withheld.ts";
import type { ConfidenceFeatures } from "./confidence.ts";
import type { PulseCandidate } from "./fusion.ts";
import type { PulseWindow } from "./methods/method.ts";
import { rejectionReason } from "./rejection.ts";

/** Minimum confidence of a published rate. Chosen. */
const MIN_CONFIDENCE = 0.7;
/** Range of published rates, in beats/min. */
const MIN_RATE = 40;
const MAX_RATE = 180;
/** A rate up to this far outside the range is published as the end of the range, in beats/min. */
const RATE_TOLERANCE = 0.5;
/** Minimum phase coherence of regions: noise of sensor and compression is incoherent. Chosen. */
const MIN_COHERENCE = 0.4;
/** Maximum speed of the face in face widths per second: faster motion blurs the skin. Chosen. */
const MAX_FACE_SPEED = 0.5;
/** A candidate with a subharmonic stronger than this is a harmonic itself, in decibels. */
const MAX_SUBHARMONIC_DB = 0;
/** Multiples of the breathing rate at which breathing may cause a false pulse. */
const BREATHING_HARMONICS = [2, 3] as const;
/** Minimum confidence of a rate at such a multiple. Chosen. */
const MIN_BREATHING_HARMONIC_CONFIDENCE = 0.9;
/** Distance up to which a rate counts as such a multiple, in beats/min. */
const SAME_RATE = 3;
/** Upper limits of the confidence of a rate that is withheld, by reason. Chosen. */
const MAX_CONFIDENCE = { rejected: 0.1, incoherent: 0.5, outOfRange: 0.5 } as const;

/** What the gate needs besides the candidate. */
export interface GateContext {
  readonly window: PulseWindow;
  /** Rate of the candidate in beats/min. */
  readonly rate: number;
  /** Confidence of the candidate by its features. */
  readonly confidence: number;
  readonly features: ConfidenceFeatures;
  /** Features of the assessment before. */
  readonly previousFeatures: ConfidenceFeatures | undefined;
  /** Speed of the face in face widths per second. */
  readonly faceSpeed: number;
  readonly breathsPerMinute: number | undefined;
}

/** Decides whether a candidate is published: its confidence, and why it is withheld. */
export function gate(
  { frequencyHz, subharmonicDb }: PulseCandidate,
  context: GateContext,
): { confidence: number; withheld?: Withheld } {
  const { window, rate, confidence, faceSpeed } = context;
  if (rate < MIN_RATE || rate > MAX_RATE) {
    const limited = Math.min(confidence, MAX_CONFIDENCE.outOfRange);
    return { confidence: limited, withheld: "low_quality" };
  }
  if (confidence < MIN_CONFIDENCE) return { confidence, withheld: "low_quality" };
  if (isIncoherent(context.features) || isIncoherent(context.previousFeatures)) {
    return { confidence: MAX_CONFIDENCE.incoherent, withheld: "low_quality" };
  }
  const isMotion = faceSpeed > MAX_FACE_SPEED || subharmonicDb > MAX_SUBHARMONIC_DB ||
    (isBreathingHarmonic(context) && confidence < MIN_BREATHING_HARMONIC_CONFIDENCE);
  const withheld = isMotion ? "motion" : rejectionReason(window, frequencyHz);
  return withheld ? { confidence: MAX_CONFIDENCE.rejected, withheld } : { confidence };
}

/** Replaces a rate just outside the published range by the end of the range, in beats/min. */
export function clampRate(rate: number): number {
  if (rate < MIN_RATE - RATE_TOLERANCE || rate > MAX_RATE + RATE_TOLERANCE) return rate;
  return Math.min(MAX_RATE, Math.max(MIN_RATE, rate));
}

/** True if the coherence of regions is known and too low. */
function isIncoherent(features: ConfidenceFeatures | undefined): boolean {
  return features?.hasCoherence === 1 && features.coherence < MIN_COHERENCE;
}

function isBreathingHarmonic({ rate, breathsPerMinute = NaN }: GateContext): boolean {
  return BREATHING_HARMONICS.some((n) => Math.abs(rate - n * breathsPerMinute) <= SAME_RATE);
}
