import type { Clock } from "../telemetry/clock.ts";

/**
 * Tracks whether a topic has subscribers, from the receiver counts of acknowledgements, and
 * whether subscribers that are missing are expected to reconnect.
 */
export class SubscriberPresence {
  readonly #clock: Clock;
  #present = false;
  #retainUntilUs = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the last acknowledged message had a receiver. */
  get present(): boolean {
    return this.#present;
  }

  /** Whether messages without a receiver should be kept for subscribers that may reconnect. */
  get shouldRetain(): boolean {
    return this.#clock.monotonicUs() < this.#retainUntilUs;
  }

  /** Keeps messages without a receiver for `us` microseconds, or until one is received. */
  retainFor(us: number): void {
    this.#retainUntilUs = Math.max(this.#retainUntilUs, this.#clock.monotonicUs() + us);
  }

  /** Takes the number of receivers of a message; undefined if the backend cannot count them. */
  update(receivers: number | undefined): void {
    if (receivers === undefined) return;
    this.#present = receivers > 0;
    if (this.#present) this.#retainUntilUs = -Infinity;
  }
}
