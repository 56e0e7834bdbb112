/** Maps the timestamps of a recording, played once or in a loop, to one increasing time axis. */
export class RecordingTimeline {
  #startUs: number | undefined;
  /** Total duration of the previous passes. */
  #offsetUs = 0;
  #firstPtsUs: number | undefined;
  #lastUs = 0;
  /** Interval between the last two frames, which also separates one pass from the next. */
  #stepUs = 33_333;

  /**
   * Returns when a frame is due, in microseconds on the axis of `nowUs`.
   *
   * @param ptsUs presentation time of the frame; the result increases even if this does not.
   */
  dueUs(ptsUs: number, nowUs: number): number {
    this.#startUs ??= nowUs;
    const isFirst = this.#firstPtsUs === undefined;
    this.#firstPtsUs ??= ptsUs;
    const ownUs = this.#startUs + this.#offsetUs + ptsUs - this.#firstPtsUs;
    const dueUs = isFirst ? ownUs : Math.max(ownUs, this.#lastUs + 1);
    if (!isFirst) this.#stepUs = dueUs - this.#lastUs;
    this.#lastUs = dueUs;
    return dueUs;
  }

  /** Starts the next pass of a loop. */
  nextPass(): void {
    if (this.#startUs === undefined) return;
    this.#offsetUs = this.#lastUs + this.#stepUs - this.#startUs;
    this.#firstPtsUs = undefined;
  }
}
