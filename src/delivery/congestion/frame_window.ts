/** Window over which utilization and bandwidth are estimated, in microseconds. */
export const ESTIMATION_WINDOW_US = 1_000_000;

/** A frame that was acknowledged at a time, with the time that the link took for each byte. */
export interface AcknowledgedFrame {
  readonly atUs: number;
  readonly bytes: number;
  readonly usPerByte: number;
}

/** A frame that was offered to the link, with the degradation that it had. */
export interface OfferedFrame {
  readonly atUs: number;
  readonly bytes: number;
  readonly degradation: number;
}

/** The frames of the estimation window. Times are of the monotonic clock, in microseconds. */
export class FrameWindow {
  #acknowledged: AcknowledgedFrame[] = [];
  readonly #offered: OfferedFrame[] = [];

  addAcknowledged(frame: AcknowledgedFrame): void {
    this.#acknowledged.push(frame);
    removeUpTo(frame.atUs - ESTIMATION_WINDOW_US, this.#acknowledged);
  }

  addOffered(frame: OfferedFrame): void {
    removeUpTo(frame.atUs - ESTIMATION_WINDOW_US, this.#offered);
    this.#offered.push(frame);
  }

  forgetAcknowledged(): void {
    this.#acknowledged = [];
  }

  get acknowledgedBytes(): number {
    return this.#acknowledged.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Time per byte in microseconds: the lower quartile of the acknowledged frames, as a slow link
   * delays every frame but a busy machine only some. 0 without frames.
   */
  get usPerByte(): number {
    const sorted = this.#acknowledged.map(({ usPerByte }) => usPerByte).sort((a, b) => a - b);
    return sorted[sorted.length >> 2] ?? 0;
  }

  /** Rate of the offered frames over the window, in frames per microsecond. */
  get offeredPerUs(): number {
    return this.#offered.length / ESTIMATION_WINDOW_US;
  }

  /** Bytes of the offered frames, each times the ratio for its degradation. */
  offeredBytes(ratioOf: (degradation: number) => number): number {
    return this.#offered.reduce(
      (sum, { bytes, degradation }) => sum + bytes * ratioOf(degradation),
      0,
    );
  }
}

/** Removes the frames up to and including the time `us`. */
function removeUpTo(us: number, frames: { readonly atUs: number }[]): void {
  while (frames[0] && frames[0].atUs <= us) frames.shift();
}
