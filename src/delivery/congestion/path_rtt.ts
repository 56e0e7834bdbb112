/** How long samples must stay in a narrow range to count as a changed path, in microseconds. */
const STEADY_US = 1_000_000;
/**
 * Width of that range, in microseconds. Chosen: a queue of metrics alone changes faster, and the
 * jitter of a wireless network is smaller.
 */
const STEADY_RANGE_US = 100_000;
/** Smallest increase that counts as a changed path, in microseconds. */
const MIN_INCREASE_US = 50_000;

/**
 * Estimates the round-trip time (RTT) of a path as the lowest sample since its last change. Unlike a
 * windowed minimum (`RttEstimator`) it does not creep up with a queue that grows slowly.
 *
 * A longer path and a queue both delay every message. With little load on the link, a queue shrinks,
 * while the delay of a path stays the same: that is taken for a change.
 */
export class PathRtt {
  #minUs = Infinity;
  #steady: { startUs: number; lowUs: number; highUs: number } | undefined;

  /** Lowest RTT in microseconds; 0 without a sample. */
  get minUs(): number {
    return Number.isFinite(this.#minUs) ? this.#minUs : 0;
  }

  /**
   * Adds a sample of `rttUs` microseconds, measured at `nowUs`.
   *
   * @param options.unloaded whether the link carries little else.
   * @returns true if the path has changed.
   */
  addSample(rttUs: number, nowUs: number, { unloaded }: { unloaded: boolean }): boolean {
    this.#minUs = Math.min(this.#minUs, rttUs);
    if (!unloaded) {
      this.#steady = undefined;
      return false;
    }
    const { startUs = nowUs, lowUs = rttUs, highUs = rttUs } = this.#steady ?? {};
    this.#steady = { startUs, lowUs: Math.min(lowUs, rttUs), highUs: Math.max(highUs, rttUs) };
    if (this.#steady.highUs - this.#steady.lowUs > STEADY_RANGE_US) {
      this.#steady = { startUs: nowUs, lowUs: rttUs, highUs: rttUs };
    }
    const hasLasted = nowUs - this.#steady.startUs >= STEADY_US;
    if (!hasLasted || this.#steady.lowUs < this.minUs + MIN_INCREASE_US) return false;
    this.#minUs = this.#steady.lowUs;
    this.#steady = undefined;
    return true;
  }

  /** Removes all samples. */
  reset(): void {
    this.#minUs = Infinity;
    this.#steady = undefined;
  }
}
