/** A larger change of the delay than this means that the stream's timestamps restarted. */
const JUMP_US = 1_000_000;
/** Frames at the start after which the minimum delay is known well enough. */
const START_FRAMES = 30;
/** The minimum delay is taken over the current and the previous window of this length. */
const WINDOW_US = 5_000_000;
/** Largest later change of the offset as a fraction of the stream's time; clocks drift less. */
const MAX_SLEW = 0.002;

/**
 * Maps the timestamps of a live stream to the monotonic clock of this program.
 *
 * The timestamps are spaced more evenly than the arrivals, which network jitter disturbs. The frames
 * with the smallest delay give the offset between the two clocks.
 */
export class LiveTimeline {
  #offsetUs = 0;
  #frames = 0;
  #lastPtsUs = 0;
  #lastUs = -Infinity;
  #windowEndUs = 0;
  #minDelta = Infinity;
  #previousMinDelta = Infinity;

  /**
   * Estimates the capture time of a frame in microseconds; the result strictly increases.
   *
   * @param ptsUs timestamp of the frame in the stream
   * @param arrivalUs arrival time on the monotonic clock
   */
  timeUs(ptsUs: number, arrivalUs: number): number {
    const delta = arrivalUs - ptsUs;
    const stepUs = ptsUs - this.#lastPtsUs;
    const restarted = this.#frames === 0 || stepUs <= 0 ||
      Math.abs(delta - this.#offsetUs) > JUMP_US;
    if (restarted) this.#restart(delta, ptsUs);
    else this.#adjust(delta, ptsUs, stepUs);
    this.#frames++;
    this.#lastPtsUs = ptsUs;
    this.#lastUs = Math.max(Math.round(ptsUs + this.#offsetUs), this.#lastUs + 1);
    return this.#lastUs;
  }

  #restart(delta: number, ptsUs: number): void {
    this.#offsetUs = this.#minDelta = delta;
    this.#previousMinDelta = Infinity;
    this.#windowEndUs = ptsUs + WINDOW_US;
    this.#frames = 0;
  }

  #adjust(delta: number, ptsUs: number, stepUs: number): void {
    if (ptsUs >= this.#windowEndUs) {
      this.#previousMinDelta = this.#minDelta;
      this.#minDelta = Infinity;
      this.#windowEndUs = ptsUs + WINDOW_US;
    }
    this.#minDelta = Math.min(this.#minDelta, delta);
    const target = Math.min(this.#minDelta, this.#previousMinDelta);
    if (this.#frames < START_FRAMES) {
      this.#offsetUs = Math.min(this.#offsetUs, target);
      return;
    }
    const maxStepUs = MAX_SLEW * stepUs;
    this.#offsetUs += Math.min(maxStepUs, Math.max(-maxStepUs, target - this.#offsetUs));
  }
}
