import type { DetectionSample } from "../estimate.ts";
import { butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import type { ChestStretch } from "./chest_track.ts";

/** The contract's, and the clinic's: no breath for ten seconds. */
export const APNEA_S = 10;
/** A breath that is shallower than this share of the usual one is none (AASM: a fall by 90 %; the
 * chest's motion is too noisy for a tenth). */
const BREATH_SHARE = 0.3;
/** Inhaling or exhaling of the slowest breath takes about this long. */
const BREATH_S = 4;
/** The usual depth follows new breaths by this share a second. */
const FOLLOW = 0.1;
/** How long a depth is remembered while no new breath confirms it. */
const MEMORY_US = 90_000_000;

/**
 * Watches for ten seconds without a breath. It speaks only after breaths were seen with
 * confidence, so that an empty chair never holds its breath; and only while the chest is followed
 * all the time, so that a lost signal is no apnea.
 */
export class ApneaDetector {
  #depth = 0;
  #confirmedUs = -Infinity;

  /**
   * @param stretch the newest stretch of the chest's trace.
   * @param amplitude depth of a breath, given while the rate is sure.
   * @param good whether the chest was followed throughout the last ten seconds.
   * @returns undefined while nothing is known about how this person breathes.
   */
  look(
    stretch: ChestStretch,
    { good, amplitude }: { good: boolean; amplitude?: number },
  ): DetectionSample | undefined {
    const { chest, sampleRateHz, endUs } = stretch;
    const last = chest.slice(-Math.round(APNEA_S * sampleRateHz) - 1);
    if (last.length <= APNEA_S * sampleRateHz) return undefined;
    if (this.#depth === 0 && amplitude === undefined) return undefined;
    const known = endUs - this.#confirmedUs < MEMORY_US;
    const held = this.#depth > 0 && known && !breathesIn(last, this.#depth, sampleRateHz);
    if (amplitude !== undefined && !held) {
      this.#depth += (this.#depth === 0 ? 1 : FOLLOW) * (amplitude - this.#depth);
      this.#confirmedUs = endUs;
    }
    const sure = good && known && stretch.movedShare < 0.05 && stretch.liveShare > 0.5;
    return { timeUs: Math.round(endUs), detected: held && sure, stable: sure };
  }

  /** Forgets how the person breathes. */
  reset(): void {
    this.#depth = 0;
    this.#confirmedUs = -Infinity;
  }
}

/** True where the chest went a breath's way within a breath's time: a drift takes longer. */
function breathesIn(trace: Float64Array, depth: number, sampleRateHz: number): boolean {
  const smooth = filterZeroPhase(trace, [butterworthLowPass({ cutoffHz: 0.8, sampleRateHz })]);
  const span = Math.round(BREATH_S * sampleRateHz);
  for (let k = 0; k + span < smooth.length; k++) {
    const part = smooth.subarray(k, k + span + 1);
    if (Math.max(...part) - Math.min(...part) >= BREATH_SHARE * depth) return true;
  }
  return false;
}
