/** Length of one filter window, in microseconds. A sample counts for one to two windows. Chosen. */
const WINDOW_US = 5_000_000;

/**
 * Estimates the round-trip time (RTT) of the unloaded link.
 *
 * A windowed minimum filter: queueing only ever adds to a sample, so that the smallest recent one
 * is closest to the propagation delay. This is the RTprop filter of BBR (Cardwell et al. 2016, ACM
 * Queue 14(5)), here with two adjacent windows in place of a sliding one.
 */
export class RttEstimator {
  #windowStartUs = -Infinity;
  #minUs = Infinity;
  #previousMinUs = Infinity;

  /** Minimum RTT in microseconds; 0 without a sample. */
  get minUs(): number {
    const minUs = Math.min(this.#previousMinUs, this.#minUs);
    return Number.isFinite(minUs) ? minUs : 0;
  }

  /** Adds a sample of `rttUs` microseconds, measured at `nowUs`. */
  addSample(rttUs: number, nowUs: number): void {
    if (nowUs - this.#windowStartUs > WINDOW_US) {
      this.#previousMinUs = this.#minUs;
      this.#minUs = rttUs;
      this.#windowStartUs = nowUs;
    } else this.#minUs = Math.min(this.#minUs, rttUs);
  }

  /** Removes all samples. */
  reset(): void {
    this.#minUs = this.#previousMinUs = Infinity;
    this.#windowStartUs = -Infinity;
  }
}
