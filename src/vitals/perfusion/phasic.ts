import type { Sample } from "../estimate.ts";
import { median } from "../../base/statistics.ts";

/** The usual height of a beat is the median of the last minute. */
const MEMORY_US = 60_000_000;
const MIN_BEATS = 8;
/** Two windows see the same beat at most this far apart. */
const SAME_BEAT_US = 250_000;

/**
 * A relative trace of the pulse from beat to beat: the height of each beat in the skin's light over
 * the usual one of the last minute. 1 is as usual; unitless. It follows pulse pressure and the
 * tone of the vessels together and cannot tell them apart: it is no blood pressure in mmHg.
 */
export class PhasicTrace {
  #beats: Sample[] = [];

  /** Takes the beats of overlapping windows; gives each beat once. */
  push(beats: readonly { readonly timeUs: number; readonly height: number }[]): Sample[] {
    return beats.flatMap(({ timeUs, height }) => {
      const lastUs = this.#beats.at(-1)?.timeUs ?? -Infinity;
      if (timeUs <= lastUs + SAME_BEAT_US || !(height > 0)) return [];
      this.#beats = this.#beats.filter((beat) => beat.timeUs > timeUs - MEMORY_US);
      this.#beats.push({ timeUs, value: height });
      if (this.#beats.length < MIN_BEATS) return [];
      return [{ timeUs, value: height / median(this.#beats.map(({ value }) => value)) }];
    });
  }

  /** Forgets what is usual. */
  reset(): void {
    this.#beats = [];
  }
}
