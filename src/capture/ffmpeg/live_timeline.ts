/** What a frame's way to us may vary by before the stream must have begun anew, in microseconds. */
const JUMP_US = 1_000_000;
/** So many frames show how fast the way can be. */
const FIRST_FRAMES = 30;
/** The least delay is looked for over this time and the one before it. */
const WINDOW_US = 5_000_000;
/** How fast the offset may move later, as a share of the stream's time: more than clocks drift. */
const MAX_SLEW = 0.002;

/**
 * Lays a live stream's own times on our monotonic axis.
 *
 * The stream's clock spaces its frames better than their arrival does, which the network disturbs;
 * the frames that came through fastest tell the offset between the clocks.
 */
export class LiveTimeline {
  #offsetUs = 0;
  #frames = 0;
  #lastPtsUs = 0;
  #lastUs = -Infinity;
  #windowEndUs = 0;
  #least = Infinity;
  #leastBefore = Infinity;

  /**
   * When the light of a frame was seen, as far as can be known; it grows from call to call.
   *
   * @param ptsUs the stream's own time
   * @param arrivalUs when it came, on our axis
   */
  timeUs(ptsUs: number, arrivalUs: number): number {
    const delta = arrivalUs - ptsUs;
    const steppedUs = ptsUs - this.#lastPtsUs;
    const isNew = this.#frames === 0 || steppedUs <= 0 ||
      Math.abs(delta - this.#offsetUs) > JUMP_US;
    if (isNew) this.#begin(delta, ptsUs);
    else this.#follow(delta, ptsUs, steppedUs);
    this.#frames++;
    this.#lastPtsUs = ptsUs;
    this.#lastUs = Math.max(Math.round(ptsUs + this.#offsetUs), this.#lastUs + 1);
    return this.#lastUs;
  }

  #begin(delta: number, ptsUs: number): void {
    this.#offsetUs = this.#least = delta;
    this.#leastBefore = Infinity;
    this.#windowEndUs = ptsUs + WINDOW_US;
    this.#frames = 0;
  }

  #follow(delta: number, ptsUs: number, steppedUs: number): void {
    if (ptsUs >= this.#windowEndUs) {
      this.#leastBefore = this.#least;
      this.#least = Infinity;
      this.#windowEndUs = ptsUs + WINDOW_US;
    }
    this.#least = Math.min(this.#least, delta);
    const target = Math.min(this.#least, this.#leastBefore);
    if (this.#frames < FIRST_FRAMES) {
      this.#offsetUs = Math.min(this.#offsetUs, target);
      return;
    }
    const most = MAX_SLEW * steppedUs;
    this.#offsetUs += Math.min(most, Math.max(-most, target - this.#offsetUs));
  }
}
