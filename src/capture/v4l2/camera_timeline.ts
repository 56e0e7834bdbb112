import { monotonicUs } from "../../base/time.ts";
import { nativeMonotonicUs } from "../../../ffi/library.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { clockOffsetUs } from "../clock_offset.ts";
import type { FrameStamp } from "../frame.ts";

/**
 * Converts the timestamps and sequence numbers of a driver to those of the source. Both keep
 * increasing when the camera is reopened.
 */
export class CameraTimeline {
  readonly #clock: Clock;
  #offsetUs = 0;
  #firstSequence = 0;
  #last: FrameStamp = { sequence: -1, timeUs: monotonicUs(-Infinity) };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Prepares for a camera that was just opened: its sequence numbers restart at 0. */
  restart(): void {
    this.#firstSequence = this.#last.sequence + 1;
    this.#offsetUs = clockOffsetUs(this.#clock, nativeMonotonicUs);
  }

  /** Converts the stamp of one frame. */
  convert(driver: { readonly timeUs: number; readonly sequence: number }): FrameStamp {
    // A driver may give two frames the same timestamp, but times must strictly increase.
    const timeUs = monotonicUs(
      Math.max(driver.timeUs + this.#offsetUs, this.#last.timeUs + 1),
    );
    return this.#last = { timeUs, sequence: this.#firstSequence + driver.sequence };
  }
}
