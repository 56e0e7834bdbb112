import { monotonicUs } from "../../base/time.ts";
import type { DetectionSample } from "../estimate.ts";
import { butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import type { ChestSegment } from "./chest_track.ts";

/** Minimum duration of an apnea in seconds, as in clinical scoring (AASM). */
export const APNEA_S = 10;
/**
 * Breaths shallower than this fraction of the usual depth count as none. AASM scores an apnea at a
 * drop of 90 %, but chest motion is too noisy for a threshold of a tenth.
 */
const MIN_DEPTH_FRACTION = 0.3;
/** Longest inhalation or exhalation of a breath, in seconds. */
const MAX_HALF_BREATH_S = 4;
/** Weight of a new breath in the exponential average of the usual depth. Chosen. */
const DEPTH_WEIGHT = 0.1;
/** The usual depth expires if no breath has confirmed it for this long. Chosen. */
const DEPTH_LIFETIME_US = 90_000_000;

/**
 * Detects ten seconds without a breath.
 *
 * It reports only after breaths were measured with confidence, because an empty chair has no
 * apnea, and only while the chest is tracked without interruption, because a lost signal is no
 * apnea.
 */
export class ApneaDetector {
  /** Usual depth of a breath in frame heights; 0 until one is known. */
  #depth = 0;
  #confirmedUs = -Infinity;

  /**
   * Checks the last ten seconds of a segment.
   *
   * @param segment the newest segment of the chest trace.
   * @param options `tracked` if the chest was tracked throughout the last ten seconds, and the
   *   `amplitude` of a breath if the breathing rate is confident.
   * @returns undefined if the segment is too short or the usual depth is not known yet.
   */
  detect(
    segment: ChestSegment,
    { tracked, amplitude }: { tracked: boolean; amplitude?: number },
  ): DetectionSample | undefined {
    const { chest, sampleRateHz, endUs } = segment;
    const last = chest.slice(-Math.round(APNEA_S * sampleRateHz) - 1);
    if (last.length <= APNEA_S * sampleRateHz) return undefined;
    if (this.#depth === 0 && amplitude === undefined) return undefined;
    const depthKnown = endUs - this.#confirmedUs < DEPTH_LIFETIME_US;
    const apnea = this.#depth > 0 && depthKnown &&
      !hasBreath(last, { depth: this.#depth, sampleRateHz });
    if (amplitude !== undefined && !apnea) {
      this.#depth += (this.#depth === 0 ? 1 : DEPTH_WEIGHT) * (amplitude - this.#depth);
      this.#confirmedUs = endUs;
    }
    const stable = tracked && depthKnown && segment.motionFraction < 0.05 &&
      segment.changingFraction > 0.5;
    return { timeUs: monotonicUs(Math.round(endUs)), detected: apnea && stable, stable };
  }

  /** Discards the usual depth, as for a new person. */
  reset(): void {
    this.#depth = 0;
    this.#confirmedUs = -Infinity;
  }
}

/** Returns whether the chest moved by the depth of a breath in its time; drift takes longer. */
function hasBreath(
  trace: Float64Array,
  { depth, sampleRateHz }: { depth: number; sampleRateHz: number },
): boolean {
  const smooth = filterZeroPhase(trace, [butterworthLowPass({ cutoffHz: 0.8, sampleRateHz })]);
  const span = Math.round(MAX_HALF_BREATH_S * sampleRateHz);
  for (let k = 0; k + span < smooth.length; k++) {
    const part = smooth.subarray(k, k + span + 1);
    if (Math.max(...part) - Math.min(...part) >= MIN_DEPTH_FRACTION * depth) return true;
  }
  return false;
}
