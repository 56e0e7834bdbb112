import { nativeMonotonicUs } from "../../../ffi/library.ts";
import type { Clock } from "../../telemetry/clock.ts";

/** Brings a driver's times and counts onto ours, on and on however often the camera is opened. */
export class CameraTimeline {
  readonly #clock: Clock;
  #offsetUs = 0;
  #base = 0;
  #last = { sequence: -1, timeUs: -Infinity };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The camera was opened: its count starts anew. */
  begin(): void {
    this.#base = this.#last.sequence + 1;
    this.#offsetUs = clockOffsetUs(this.#clock);
  }

  place(
    driver: { readonly timeUs: number; readonly sequence: number },
  ): { readonly timeUs: number; readonly sequence: number } {
    // A driver may stamp two frames alike; a signal needs times that grow.
    const timeUs = Math.max(driver.timeUs + this.#offsetUs, this.#last.timeUs + 1);
    return this.#last = { timeUs, sequence: this.#base + driver.sequence };
  }
}

/** Both clocks run alike and only begin elsewhere: the closest of a few readings tells where. */
function clockOffsetUs(clock: Clock): number {
  let best = { width: Infinity, offsetUs: 0 };
  for (let i = 0; i < 8; i++) {
    const before = clock.monotonicUs();
    const nativeUs = nativeMonotonicUs();
    const after = clock.monotonicUs();
    const width = after - before;
    if (width < best.width) best = { width, offsetUs: Math.round((before + after) / 2) - nativeUs };
  }
  return best.offsetUs;
}
