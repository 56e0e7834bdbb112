import type { EpochUs } from "../../base/time.ts";
import type { Clock } from "../../telemetry/clock.ts";

/** Readings of both clocks, of which the one that took the shortest time counts. */
const MAX_READS = 5;
/** Time of a reading that is accepted at once, in seconds. */
const MAX_READ_S = 0.0005;
/**
 * Offsets that differ by less are errors of the measurement: `SystemClock` changes by 2 ms or more.
 * The times between samples are then those of the envelopes.
 */
const MAX_ERROR_S = 0.001;

/**
 * Converts timestamps of envelopes to the clock of LSL. Epoch time follows the system clock, by steps,
 * so the offset is measured again for each envelope, soon after it was stamped.
 */
export class LslClock {
  readonly #clock: Pick<Clock, "monotonicUs" | "epochUs">;
  readonly #localClockS: () => number;
  #offsetS = NaN;

  /** @param localClockS returns the present time of the clock of LSL, in seconds */
  constructor(clock: Pick<Clock, "monotonicUs" | "epochUs">, localClockS: () => number) {
    this.#clock = clock;
    this.#localClockS = localClockS;
  }

  /** Measures the offset between the clocks. */
  refresh(): void {
    let best = { elapsedS: Infinity, offsetS: 0 };
    for (let attempt = 0; attempt < MAX_READS && best.elapsedS > MAX_READ_S; attempt++) {
      const beforeS = this.#localClockS();
      const epochS = this.#clock.epochUs(this.#clock.monotonicUs()) / 1e6;
      const elapsedS = this.#localClockS() - beforeS;
      if (elapsedS < best.elapsedS) {
        best = { elapsedS, offsetS: beforeS + elapsedS / 2 - epochS };
      }
    }
    const isSame = Math.abs(best.offsetS - this.#offsetS) < MAX_ERROR_S;
    if (!isSame) this.#offsetS = best.offsetS;
  }

  /** Returns the time of a timestamp on the clock of LSL, in seconds. */
  at(timestamp: EpochUs): number {
    return timestamp / 1e6 + this.#offsetS;
  }
}
