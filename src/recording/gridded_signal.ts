/** Samples that wait, as a later message may correct them: over 8 s at 30 samples per second. */
const OPEN_SAMPLES = 256;
/** Samples that are this number of periods apart have a gap between them. Chosen. */
const MAX_PERIODS = 3;
/** Points of a signal: four days at 60 Hz. */
const MAX_POINTS = 4 * 86_400 * 60;

export interface GridOptions {
  /** Time of the first point, in microseconds. */
  readonly startUs: number;
  readonly rateHz: number;
}

/**
 * A signal on a grid of equidistant points, by linear interpolation between samples. Points in a gap
 * are NaN. A later sample with the same timestamp replaces the earlier one, if that is among the last
 * 256.
 */
export class GriddedSignal {
  readonly #options: GridOptions;
  readonly #open = new Map<number, number>();
  #previous: { readonly timeUs: number; readonly value: number } | undefined;
  #points = new Float32Array(1024).fill(NaN);
  #length = 0;

  constructor(options: GridOptions) {
    this.#options = options;
  }

  add(timeUs: number, value: number): void {
    this.#open.set(timeUs, value);
    if (this.#open.size > 2 * OPEN_SAMPLES) this.#settle(OPEN_SAMPLES);
  }

  /** Returns the points from the start of the grid to the last sample. */
  finish(): Float32Array {
    this.#settle(0);
    return this.#points.subarray(0, this.#length);
  }

  /** Interpolates all samples but the newest `kept`. */
  #settle(kept: number): void {
    const times = [...this.#open.keys()].sort((a, b) => a - b);
    for (const timeUs of times.slice(0, Math.max(0, times.length - kept))) {
      this.#interpolateTo(timeUs, this.#open.get(timeUs)!);
      this.#open.delete(timeUs);
    }
  }

  #interpolateTo(timeUs: number, value: number): void {
    const { startUs, rateHz } = this.#options;
    const previous = this.#previous;
    if (previous && timeUs <= previous.timeUs) return; // it came too late
    this.#previous = { timeUs, value };
    const at = (us: number) => (us - startUs) * rateHz / 1e6;
    const end = at(timeUs);
    const isJoined = previous && end - at(previous.timeUs) <= MAX_PERIODS;
    const begin = isJoined ? at(previous.timeUs) : end - 0.5;
    for (let k = Math.max(0, Math.floor(begin) + 1); k <= end; k++) {
      const weight = isJoined ? (k - begin) / (end - begin) : 1;
      this.#set(k, isJoined ? previous.value + weight * (value - previous.value) : value);
    }
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
