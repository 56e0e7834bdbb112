import { monotonicUs } from "../../base/time.ts";
import { median } from "../../base/statistics.ts";
import type { Sample } from "../estimate.ts";

/** Period over which the reference height is computed. Chosen. */
const REFERENCE_US = 60_000_000;
/** Minimum number of beats for a reference. Chosen. */
const MIN_BEATS = 8;
/** Beats of two windows that are closer than this are the same beat. Chosen. */
const SAME_BEAT_US = 250_000;

/**
 * Computes a relative trace of the pulse amplitude: the height of each beat in the skin's green
 * channel divided by the median height of the last minute. 1 is the usual height; unitless.
 *
 * It is no blood pressure in mmHg: it depends on pulse pressure and on vascular tone and cannot
 * separate the two.
 */
export class PhasicTrace {
  /** Heights of the beats of the last `REFERENCE_US`, oldest first. */
  #beats: Sample[] = [];

  /**
   * Adds the beats of the newest window.
   *
   * @param beats may include beats of earlier windows.
   * @returns the new beats, once there is a reference.
   */
  push(beats: readonly { readonly timeUs: number; readonly height: number }[]): Sample[] {
    return beats.flatMap(({ timeUs: us, height }) => {
      const timeUs = monotonicUs(us);
      const lastUs = this.#beats.at(-1)?.timeUs ?? -Infinity;
      if (timeUs <= lastUs + SAME_BEAT_US || !(height > 0)) return [];
      this.#beats = this.#beats.filter((beat) => beat.timeUs > timeUs - REFERENCE_US);
      this.#beats.push({ timeUs, value: height });
      if (this.#beats.length < MIN_BEATS) return [];
      return [{ timeUs, value: height / median(this.#beats.map(({ value }) => value)) }];
    });
  }

  /** Discards the reference, as for a new person. */
  reset(): void {
    this.#beats = [];
  }
}
