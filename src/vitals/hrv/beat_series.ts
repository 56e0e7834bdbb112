import type { PulseWave } from "../parts.ts";
import { findBeats } from "./beats.ts";

/** Longest history of beats, in seconds. */
export const TRAIL_SECONDS = 60;
/** Beats this near to the end of a window may still move. */
const EDGE_S = 1;
/** Beats cannot follow one another within this share of the present period. */
const MIN_PERIOD_SHARE = 0.5;

/** A beat of the past minute. */
export interface TimedBeat {
  readonly timeUs: number;
  /** Wave height over the window's deviation: 1 means average. */
  readonly height: number;
  /** Time from the rise through zero to the peak, in ms; noise makes it vary. */
  readonly riseMs: number;
  /** Of the window it was found in. */
  readonly confidence: number;
  readonly snrDb: number;
}

/** Collects the beats of windows that overlap, each beat once. */
export class BeatSeries {
  #beats: TimedBeat[] = [];
  #windowEndUs = -Infinity;

  /** Beats of the last minute, oldest first. */
  get beats(): readonly TimedBeat[] {
    return this.#beats;
  }

  /**
   * Takes the newest window; the same one again changes nothing.
   *
   * @returns the beats that are new.
   */
  push({ bvp, startUs, sampleRateHz, rate, confidence, snrDb }: PulseWave): readonly TimedBeat[] {
    const endUs = startUs + ((bvp.length - 1) * 1e6) / sampleRateHz;
    if (endUs <= this.#windowEndUs) return [];
    this.#windowEndUs = endUs;
    const oldest = endUs - TRAIL_SECONDS * 1e6;
    const lastUs = this.#beats.at(-1)?.timeUs ?? startUs;
    const fromUs = Math.max(lastUs + (MIN_PERIOD_SHARE * 60e6) / rate, startUs + EDGE_S * 1e6);
    const fresh = findBeats(bvp, { sampleRateHz, rate }).flatMap(({ index, peak, height }) => {
      const timeUs = startUs + (index * 1e6) / sampleRateHz;
      if (timeUs < fromUs || timeUs > endUs - EDGE_S * 1e6) return [];
      const riseMs = ((peak - index) * 1000) / sampleRateHz;
      return [{ timeUs, height, riseMs, confidence, snrDb }];
    });
    this.#beats = [...this.#beats, ...fresh].filter(({ timeUs }) => timeUs > oldest);
    return fresh;
  }

  /** Forgets all beats. */
  reset(): void {
    this.#beats = [];
    this.#windowEndUs = -Infinity;
  }
}
