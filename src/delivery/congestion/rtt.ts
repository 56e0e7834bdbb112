/** What was learnt longer ago than one to two of these is forgotten, microseconds. */
const WINDOW_US = 5_000_000;

/** The round trip of the empty link: the shortest of late, as many messages meet others. */
export class RttEstimator {
  #sinceUs = -Infinity;
  #leastUs = Infinity;
  #formerLeastUs = Infinity;

  /** Microseconds; 0 where none is known yet. */
  get us(): number {
    const least = Math.min(this.#formerLeastUs, this.#leastUs);
    return Number.isFinite(least) ? least : 0;
  }

  learn(us: number, nowUs: number): void {
    if (nowUs - this.#sinceUs > WINDOW_US) {
      this.#formerLeastUs = this.#leastUs;
      this.#leastUs = us;
      this.#sinceUs = nowUs;
    } else this.#leastUs = Math.min(this.#leastUs, us);
  }

  /** Forgets what was learnt. */
  reset(): void {
    this.#leastUs = this.#formerLeastUs = Infinity;
    this.#sinceUs = -Infinity;
  }
}
