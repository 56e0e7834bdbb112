/** A frame that is earlier than expected by more than this has a timestamp that jumped ahead. */
const JUMP_US = 1_000_000;
/**
 * Delay of all frames of two windows after which the timestamps stood still and the stream did not
 * stall. Longer than the gap after which the vitals start anew, as the new times leave such a gap.
 */
const LASTING_DELAY_US = 2_500_000;
/** Frames at the start after which the minimum delay is known well enough. */
const START_FRAMES = 30;
/** The minimum delay is taken over the current and the previous window of this length. */
const WINDOW_US = 5_000_000;
/** Largest later change of the offset as a fraction of the stream's time; clocks drift less. */
const MAX_SLEW = 0.002;
/** Decrease of the minimum delay, in frame intervals, by which a frame belongs to a backlog. */
const BACKLOG_STEP = 0.25;
/** Frames in a row without such a decrease after which the backlog has ended. Chosen. */
const BACKLOG_END_FRAMES = 3;

/**
 * Maps the timestamps of a live stream to the monotonic clock of this program.
 *
 * The timestamps are spaced more evenly than the arrivals, which network jitter disturbs. The frames
 * with the smallest delay give the offset between the two clocks. A late frame therefore keeps its
 * time; only timestamps that jump begin anew.
 *
 * The first frames of a stream may arrive at once, because ffmpeg collects them while it detects the
 * format. Their capture times are known only after the last of them, so they have none.
 */
export class LiveTimeline {
  #offsetUs = 0;
  /** Frames with a time since the timestamps began or jumped. */
  #frames = 0;
  #lastPtsUs = 0;
  #lastUs = -Infinity;
  #windowEndUs = 0;
  #minDelta = Infinity;
  #previousMinDelta = Infinity;
  /** Frames that still have to arrive on time before a backlog has ended. */
  #backlogFrames = 0;

  /**
   * Estimates the capture time of a frame in microseconds; the result strictly increases.
   *
   * @param ptsUs timestamp of the frame in the stream
   * @param arrivalUs arrival time on the monotonic clock
   * @returns undefined for a frame of the backlog at the start, except for the first
   */
  timeUs(ptsUs: number, arrivalUs: number): number | undefined {
    const delta = arrivalUs - ptsUs;
    const stepUs = ptsUs - this.#lastPtsUs;
    this.#lastPtsUs = ptsUs;
    if (this.#frames === 0 || stepUs <= 0 || delta < this.#offsetUs - JUMP_US) {
      this.#restart(delta, ptsUs);
    } else if (this.#frames < START_FRAMES) {
      if (this.#isBacklog(delta, stepUs)) return undefined;
    } else {
      this.#adjust(delta, ptsUs, stepUs);
    }
    this.#frames++;
    this.#lastUs = Math.max(Math.round(ptsUs + this.#offsetUs), this.#lastUs + 1);
    return this.#lastUs;
  }

  #restart(delta: number, ptsUs: number): void {
    this.#offsetUs = this.#minDelta = delta;
    this.#previousMinDelta = Infinity;
    this.#windowEndUs = ptsUs + WINDOW_US;
    this.#frames = this.#backlogFrames = 0;
  }

  /** Follows the minimum delay, which falls with each frame of a backlog. */
  #isBacklog(delta: number, stepUs: number): boolean {
    const decreaseUs = this.#offsetUs - delta;
    this.#offsetUs = this.#minDelta = Math.min(this.#offsetUs, delta);
    if (decreaseUs > BACKLOG_STEP * stepUs) this.#backlogFrames = BACKLOG_END_FRAMES;
    else if (this.#backlogFrames > 0) this.#backlogFrames--;
    return this.#backlogFrames > 0;
  }

  #adjust(delta: number, ptsUs: number, stepUs: number): void {
    if (ptsUs >= this.#windowEndUs) {
      this.#previousMinDelta = this.#minDelta;
      this.#minDelta = Infinity;
      this.#windowEndUs = ptsUs + WINDOW_US;
    }
    this.#minDelta = Math.min(this.#minDelta, delta);
    const target = Math.min(this.#minDelta, this.#previousMinDelta);
    if (target - this.#offsetUs > LASTING_DELAY_US) {
      this.#restart(delta, ptsUs);
      return;
    }
    const maxStepUs = MAX_SLEW * stepUs;
    this.#offsetUs += Math.min(maxStepUs, Math.max(-maxStepUs, target - this.#offsetUs));
  }
}
