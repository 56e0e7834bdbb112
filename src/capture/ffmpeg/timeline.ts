/** Lays the times of a recording, played once or again and again, on one growing axis. */
export class RecordingTimeline {
  #startUs: number | undefined;
  /** What the passes before this one lasted. */
  #offsetUs = 0;
  #firstPtsUs: number | undefined;
  #lastUs = 0;
  /** The last step from frame to frame, which also parts one pass from the next. */
  #stepUs = 33_333;

  /**
   * When a frame is due, in microseconds of the axis of `nowUs`.
   *
   * @param ptsUs the frame's presentation time; where it does not grow, the result still does.
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

  /** Says that the recording begins again. */
  nextPass(): void {
    if (this.#startUs === undefined) return;
    this.#offsetUs = this.#lastUs + this.#stepUs - this.#startUs;
    this.#firstPtsUs = undefined;
  }
}
