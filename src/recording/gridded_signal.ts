import { GridInterpolator, type GridOptions } from "./grid_interpolator.ts";

/** Points of a signal: four days at 60 Hz. */
const MAX_POINTS = 4 * 86_400 * 60;

/**
 * A signal on a grid of equidistant points, by linear interpolation between samples. Points in a gap
 * are NaN. A later sample with the same timestamp replaces the earlier one, if that is among the last
 * 256.
 */
export class GriddedSignal {
  readonly #interpolator: GridInterpolator;
  #points = new Float32Array(1024).fill(NaN);
  #length = 0;

  constructor(options: GridOptions) {
    this.#interpolator = new GridInterpolator(options, (index, value) => this.#set(index, value));
  }

  add(timeUs: number, value: number): void {
    this.#interpolator.add(timeUs, value);
  }

  /** Returns the points from the start of the grid to the last sample. */
  finish(): Float32Array {
    this.#interpolator.finish();
    return this.#points.subarray(0, this.#length);
  }

  #set(index: number, value: number): void {
    if (index >= MAX_POINTS) return;
    if (index >= this.#points.length) {
      const larger = new Float32Array(Math.max(2 * this.#points.length, index + 1)).fill(NaN);
      larger.set(this.#points);
      this.#points = larger;
    }
    this.#points[index] = value;
    this.#length = Math.max(this.#length, index + 1);
  }
}
