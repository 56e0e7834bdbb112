/**
 * A ring buffer of multi-channel samples with timestamps, in fixed memory: a new sample replaces the
 * oldest one when the buffer is full.
 */
export class SampleRing {
  readonly capacity: number;
  readonly channels: number;
  readonly #timesUs: Float64Array;
  readonly #values: Float64Array;
  #end = 0;
  #length = 0;

  /**
   * @param shape `capacity` in samples, `channels` in values per sample.
   * @throws {RangeError} if one of them is under 1.
   */
  constructor({ capacity, channels }: { capacity: number; channels: number }) {
    if (!(capacity >= 1) || !(channels >= 1)) {
      throw new RangeError(
        `Cannot create a sample ring: capacity and channels must be at least 1: ` +
          `current values are ${capacity} and ${channels}`,
      );
    }
    this.capacity = capacity;
    this.channels = channels;
    this.#timesUs = new Float64Array(capacity);
    this.#values = new Float64Array(capacity * channels);
  }

  /** Number of samples in the buffer. */
  get length(): number {
    return this.#length;
  }

  /** Time of the newest sample in microseconds, -Infinity if the buffer is empty. */
  get newestUs(): number {
    return this.#length ? this.timeUs(this.#length - 1) : -Infinity;
  }

  /**
   * Adds a sample. A channel without a value is NaN; trailing channels may be omitted.
   *
   * @returns false if `timeUs` is not after the newest sample: the sample is discarded.
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

  /**
   * Time of a sample in microseconds; index 0 is the oldest sample.
   *
   * @throws {RangeError} if the buffer has no such sample.
   */
  timeUs(index: number): number {
    return this.#timesUs[this.#slot(index)]!;
  }

  /**
   * Value of one channel of a sample; index 0 is the oldest sample.
   *
   * @throws {RangeError} if the buffer has no such sample.
   */
  value(index: number, channel: number): number {
    return this.#values[this.#slot(index) * this.channels + channel]!;
  }

  /** Index of the first sample at or after `timeUs`; `length` if all samples are older. */
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

  /** Removes all samples. */
  clear(): void {
    this.#end = 0;
    this.#length = 0;
  }

  #slot(index: number): number {
    if (!(index >= 0 && index < this.#length)) {
      throw new RangeError(
        `Cannot read a sample: the index must be at least 0 and under ${this.#length}: ` +
          `current value is ${index}`,
      );
    }
    return (this.#end - this.#length + index + this.capacity) % this.capacity;
  }
}
