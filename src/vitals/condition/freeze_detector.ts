import type { RegionMean, RegionSample } from "../../vision/region_sample.ts";

/** Identical frames for this long count as a frozen picture, in microseconds. Chosen. */
const FROZEN_US = 500_000;

/**
 * Detects that a source repeats the same frame, as streams, capture cards and video chats do when
 * they lose their input. The sensor noise of a live camera changes every measurement in every frame;
 * a camera that repeats single frames in low light is not frozen.
 */
export class FreezeDetector {
  #newest: RegionSample | undefined;
  /** Time of the first of the newest identical frames. */
  #sinceUs = Infinity;

  /** Adds the next sample. */
  push(sample: RegionSample): void {
    if (!this.#newest || !isSameMeasurement(sample, this.#newest)) this.#sinceUs = sample.timeUs;
    this.#newest = sample;
  }

  /** Whether the frames have been identical for half a second. */
  get isFrozen(): boolean {
    return this.#newest !== undefined && this.#newest.timeUs - this.#sinceUs >= FROZEN_US;
  }
}

/** Whether two frames have the same pixels, as far as they are measured. */
function isSameMeasurement(a: RegionSample, b: RegionSample): boolean {
  return a.motion === 0 && a.brightness === b.brightness && a.clipped === b.clipped &&
    isSameList(a.readySignals, b.readySignals) && isSameColor(a.regions.skin, b.regions.skin) &&
    isSameColor(a.regions.background, b.regions.background);
}

function isSameColor(a: RegionMean | undefined, b: RegionMean | undefined): boolean {
  return a?.r === b?.r && a?.g === b?.g && a?.b === b?.b;
}

function isSameList(a: readonly number[] = [], b: readonly number[] = []): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
