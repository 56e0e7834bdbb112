import type { BvpWindow } from "../estimate_context.ts";
import { findBeats } from "./beats.ts";

/** Length of the series in seconds. */
export const SERIES_SECONDS = 60;
/** Beats closer to either end of a window are not final, because the filter settles there. */
const EDGE_S = 1;
/** After a longer gap, a beat is not the next one, and a new series starts. Chosen. */
export const MAX_GAP_US = 2_500_000;
/** Minimum interval between beats, as a fraction of the period. Chosen. */
const MIN_PERIOD_FRACTION = 0.5;

/** A heart beat. */
export interface Beat {
  /** Zero crossing of the rising BVP, in monotonic microseconds. */
  readonly timeUs: number;
  /** Time since the beat before in ms; absent after a gap. */
  readonly intervalMs?: number;
  /** Height of the beat, in the unit of its BVP window. */
  readonly height: number;
  /** Time from the zero crossing to the peak in ms; noise makes it vary. */
  readonly riseMs: number;
  /** Confidence of the window that contains the beat. */
  readonly confidence: number;
  /** Signal-to-noise ratio of that window. */
  readonly snrDb: number;
}

/** Collects the beats of overlapping BVP windows, each beat once. */
export class BeatSeries {
  #beats: Beat[] = [];
  #windowEndUs = -Infinity;

  /** Beats of the last minute, oldest first. */
  get beats(): readonly Beat[] {
    return this.#beats;
  }

  /**
   * Adds the newest BVP window; a window that was added before has no effect.
   *
   * @returns the new beats.
   */
  push({ bvp, startUs, sampleRateHz, rate, confidence, snrDb }: BvpWindow): readonly Beat[] {
    const endUs = startUs + ((bvp.length - 1) * 1e6) / sampleRateHz;
    if (endUs <= this.#windowEndUs) return [];
    this.#windowEndUs = endUs;
    const oldestUs = endUs - SERIES_SECONDS * 1e6;
    const lastUs = this.#beats.at(-1)?.timeUs ?? startUs;
    let beforeUs = this.#beats.at(-1)?.timeUs ?? -Infinity;
    const fromUs = Math.max(lastUs + (MIN_PERIOD_FRACTION * 60e6) / rate, startUs + EDGE_S * 1e6);
    const added = findBeats(bvp, { sampleRateHz, rate }).flatMap(({ crossing, peak, height }) => {
      const timeUs = startUs + (crossing * 1e6) / sampleRateHz;
      if (timeUs < fromUs || timeUs > endUs - EDGE_S * 1e6) return [];
      const riseMs = ((peak - crossing) * 1000) / sampleRateHz;
      const gapUs = timeUs - beforeUs;
      beforeUs = timeUs;
      const interval = gapUs <= MAX_GAP_US ? { intervalMs: gapUs / 1000 } : {};
      return [{ timeUs, ...interval, height, riseMs, confidence, snrDb }];
    });
    this.#beats = [...this.#beats, ...added].filter(({ timeUs }) => timeUs > oldestUs);
    return added;
  }

  /** Discards all beats. */
  reset(): void {
    this.#beats = [];
    this.#windowEndUs = -Infinity;
  }
}
