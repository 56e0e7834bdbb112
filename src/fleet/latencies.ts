/** Ratio of neighboring bucket bounds: a quantile is at most 2 % too large. */
const GROWTH = 1.02;
/** Upper bound of the first bucket, in milliseconds. */
const FIRST_MS = 0.05;

/** Distribution of latencies in buckets whose width grows by 2 %, for quantiles of any number of them. */
export class Latencies {
  readonly #buckets: number[] = [];
  #count = 0;
  #worstMs = 0;

  /** Adds a latency in milliseconds; a negative one, of clocks that differ, counts as 0. */
  add(ms: number): void {
    const bucket = ms <= FIRST_MS ? 0 : Math.ceil(Math.log(ms / FIRST_MS) / Math.log(GROWTH));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count++;
    this.#worstMs = Math.max(this.#worstMs, ms);
  }

  get count(): number {
    return this.#count;
  }

  /** The largest latency in milliseconds; 0 without one. */
  get worstMs(): number {
    return this.#worstMs;
  }

  /** Returns the latency in milliseconds that the fraction `q` does not exceed; 0 without one. */
  quantileMs(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#count));
    let counted = 0;
    for (const [bucket, count = 0] of this.#buckets.entries()) {
      counted += count;
      if (counted >= rank) return Math.min(FIRST_MS * GROWTH ** bucket, this.#worstMs);
    }
    return this.#worstMs;
  }
}
