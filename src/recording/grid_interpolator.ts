/** Samples that wait, as a later message may correct them: over 8 s at 30 samples per second. */
const OPEN_SAMPLES = 256;
/** Samples that are this number of periods apart have a gap between them. Chosen. */
const MAX_PERIODS = 3;

export interface GridOptions {
  /** Time of the first point, in microseconds. */
  readonly startUs: number;
  readonly rateHz: number;
}

/**
 * Linear interpolation of samples to a grid of equidistant points, in constant memory. It reports
 * points in ascending order, and none in a gap. A later sample with the same timestamp replaces the
 * earlier one, if that is not settled yet.
 */
export class GridInterpolator {
  readonly #options: GridOptions;
  readonly #onPoint: (index: number, value: number) => void;
  readonly #open = new Map<number, number>();
  #previous: { readonly timeUs: number; readonly value: number } | undefined;

  constructor(options: GridOptions, onPoint: (index: number, value: number) => void) {
    this.#options = options;
    this.#onPoint = onPoint;
  }

  /** Adds a sample; of more than 512 that are open, the oldest 256 are settled. */
  add(timeUs: number, value: number): void {
    this.#open.set(timeUs, value);
    if (this.#open.size > 2 * OPEN_SAMPLES) this.#settle(this.#open.size - OPEN_SAMPLES);
  }

  /** Settles the samples up to a time, and the one after it, which the points between need. */
  settleTo(timeUs: number): void {
    if (this.#previous && this.#previous.timeUs > timeUs) return;
    let count = 0;
    for (const openUs of this.#open.keys()) if (openUs <= timeUs) count++;
    this.#settle(count + 1);
  }

  /** Settles all samples. */
  finish(): void {
    this.#settle(this.#open.size);
  }

  /** Interpolates the oldest samples. */
  #settle(count: number): void {
    const times = [...this.#open.keys()].sort((a, b) => a - b);
    for (const timeUs of times.slice(0, count)) {
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
      this.#onPoint(k, isJoined ? previous.value + weight * (value - previous.value) : value);
    }
  }
}
