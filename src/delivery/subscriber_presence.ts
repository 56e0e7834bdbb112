import type { Clock } from "../telemetry/clock.ts";

/** How long subscribers are expected to reconnect after the link was lost, in microseconds. */
const RECONNECT_US = 15 * 60_000_000;
/** How long subscribers may take to follow from one server to another, in microseconds. */
const MIGRATION_US = 5_000_000;

/**
 * Tracks whether a topic has subscribers, from the receiver counts of acknowledgements, and
 * whether subscribers that are missing are expected to reconnect.
 */
export class SubscriberPresence {
  readonly #clock: Clock;
  readonly #isForLater: boolean;
  #present = false;
  #retainUntilUs = -Infinity;
  /** Whether the link was ready before. */
  #wasReady = false;

  /**
   * @param isForLater whether subscribers that appear after the first connection have a use for what
   * was published before it
   */
  constructor(clock: Clock, { isForLater }: { readonly isForLater: boolean }) {
    this.#clock = clock;
    this.#isForLater = isForLater;
  }

  /** Whether the last acknowledged message had a receiver. */
  get present(): boolean {
    return this.#present;
  }

  /** Whether messages without a receiver should be kept for subscribers that may reconnect. */
  get shouldRetain(): boolean {
    return this.#clock.monotonicUs() < this.#retainUntilUs;
  }

  /**
   * Call when the link becomes ready. Subscribers may reconnect to it as well, if there were some or
   * if messages wait for them.
   */
  onReady({ hasWaiting }: { readonly hasWaiting: boolean }): void {
    const mayWait = this.#wasReady || this.#isForLater;
    if (this.#present || (mayWait && hasWaiting)) this.#retainFor(RECONNECT_US);
    this.#wasReady = true;
  }

  /** Call when subscribers have to follow from one server to another. */
  onMoving(): void {
    this.#retainFor(MIGRATION_US);
  }

  /** Takes the number of receivers of a message; undefined if the backend cannot count them. */
  update(receivers: number | undefined): void {
    if (receivers === undefined) return;
    this.#present = receivers > 0;
    if (this.#present) this.#retainUntilUs = -Infinity;
  }

  #retainFor(us: number): void {
    this.#retainUntilUs = Math.max(this.#retainUntilUs, this.#clock.monotonicUs() + us);
  }
}
