import type { Clock } from "../telemetry/clock.ts";

/** Whether somebody receives a topic, as acknowledgements tell, or is expected back. */
export class SubscriberPresence {
  readonly #clock: Clock;
  #present = false;
  #expectedUntilUs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True where the last message that was acknowledged had a receiver. */
  get present(): boolean {
    return this.#present;
  }

  /** True where what nobody receives now is to be kept for those who come back. */
  get expected(): boolean {
    return this.#clock.monotonicUs() < this.#expectedUntilUs;
  }

  /** Expects somebody within `us` microseconds. */
  expect(us: number): void {
    this.#expectedUntilUs = Math.max(this.#expectedUntilUs, this.#clock.monotonicUs() + us);
  }

  /** Takes note of how many got a message; undefined where the backend cannot tell. */
  note(receivers: number | undefined): void {
    if (receivers === undefined) return;
    this.#present = receivers > 0;
    if (this.#present) this.#expectedUntilUs = -Infinity;
  }
}
