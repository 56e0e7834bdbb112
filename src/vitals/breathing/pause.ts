import { butterworthLowPass, filterZeroPhase } from "../signal/bandpass.ts";
import type { ChestSegment } from "./chest_track.ts";

/** Part of a breath's period in which a chest that breathes rises or falls by most of it. Chosen. */
const PERIODS = 0.8;
/** Limits of that time, in seconds. Chosen. */
const SPAN_S = { min: 3, max: 7 } as const;
/** A chest that moves by less than this part of a breath's depth does not breathe. Chosen. */
const PAUSED_DEPTH = 0.35;
/** It breathes again when it has moved by this part of it: a body at rest sways a little. Chosen. */
const RESUMED_DEPTH = 0.65;
/** Cutoff of the low-pass that removes jitter, in hertz. */
const LOW_PASS_HZ = 1;

/**
 * Whether the chest has stopped moving: then the rate of the breaths before is no longer that of the
 * present. An apnea is detected later, after ten seconds.
 */
export class BreathingPause {
  #isPaused = false;
  /** Depth of the breaths before the pause, in frame heights. */
  #depth = 0;

  /**
   * Checks the end of a segment.
   *
   * @param breath rate of the breaths in breaths/min, and their depth in frame heights; undefined if
   *   there are none.
   */
  detect(
    { chest, sampleRateHz }: ChestSegment,
    breath: { readonly rate: number; readonly amplitude: number } | undefined,
  ): boolean {
    if (!this.#isPaused) this.#depth = breath?.amplitude ?? 0;
    const periodS = breath ? 60 / breath.rate : 0;
    const seconds = Math.min(SPAN_S.max, Math.max(SPAN_S.min, PERIODS * periodS));
    const recent = chest.slice(-Math.round((seconds + 1) * sampleRateHz));
    const smooth = filterZeroPhase(recent, [
      butterworthLowPass({ cutoffHz: LOW_PASS_HZ, sampleRateHz }),
    ]).slice(-Math.round(seconds * sampleRateHz));
    const moved = Math.max(...smooth) - Math.min(...smooth);
    this.#isPaused = moved < (this.#isPaused ? RESUMED_DEPTH : PAUSED_DEPTH) * this.#depth;
    return this.#isPaused;
  }

  /** Forgets the breaths, as for a new person. */
  reset(): void {
    this.#isPaused = false;
    this.#depth = 0;
  }
}
