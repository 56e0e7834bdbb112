/**
 * The newest samples of several channels on their true timestamps. Fixed memory: the oldest
 * sample makes room for the newest.
 */
export class SampleRing {
  readonly capacity: number;
  readonly channels: number;
  readonly #timesUs: Float64Array;
  readonly #values: Float64Array;
  #end = 0;
  #length = 0;

  /** @param shape `capacity` in samples, `channels` in values a sample. */
  constructor({ capacity, channels }: { capacity: number; channels: number }) {
    if (!(capacity >= 1) || !(channels >= 1)) {
      throw new RangeError(`Cannot keep ${capacity} samples of ${channels} channels`);
    }
    this.capacity = capacity;
    this.channels = channels;
    this.#timesUs = new Float64Array(capacity);
    this.#values = new Float64Array(capacity * channels);
  }

  get length(): number {
    return this.#length;
  }

  /** Time of the newest sample in microseconds, or -Infinity while there is none. */
  get newestUs(): number {
    return this.#length ? this.timeUs(this.#length - 1) : -Infinity;
  }

  /**
   * Adds a sample; a channel without a value is NaN, or left out at the end.
   *
   * @returns false where `timeUs` does not grow: such a sample is not kept.
   */
  push(timeUs: number, values: ArrayLike<number>): boolean {
    if (!(timeUs > this.newestUs)) return false;
    this.#timesUs[this.#end] = timeUs;
    const offset = this.#end * this.channels;
    for (let channel = 0; channel < this.channels; channel++) {
      this.#values[offset + channel] = values[channel] ?? NaN;
    }
    this.#end = (this.#end + 1) % this.capacity;
    this.#length = Math.min(this.#length + 1, this.capacity);
    return true;
  }

  /** Time of sample `index`, 0 being the oldest, in microseconds. */
  timeUs(index: number): number {
    return this.#timesUs[this.#slot(index)]!;
  }

  /** One channel of sample `index`, 0 being the oldest. */
  value(index: number, channel: number): number {
    return this.#values[this.#slot(index) * this.channels + channel]!;
  }

  /** The index of the first sample at or after `timeUs`; `length` where all are older. */
  firstFrom(timeUs: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.timeUs(middle) < timeUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  clear(): void {
    this.#end = 0;
    this.#length = 0;
  }

  #slot(index: number): number {
    if (!(index >= 0 && index < this.#length)) {
      throw new RangeError(`Cannot read sample ${index}: the ring holds ${this.#length}`);
    }
    return (this.#end - this.#length + index + this.capacity) % this.capacity;
  }
}
