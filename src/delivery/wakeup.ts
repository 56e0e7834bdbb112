import type { Clock } from "../telemetry/clock.ts";

/** A loop's doorbell: rung by whoever has work for it, or by the clock. */
export class Wakeup {
  #ring: AbortController | undefined;
  #rung = false;

  /** Ends the present wait, or the next one before it begins. */
  ring(): void {
    this.#rung = true;
    this.#ring?.abort();
  }

  /** Resolves when rung, or after `ms` milliseconds. */
  async wait(clock: Clock, ms: number): Promise<void> {
    if (!this.#rung) {
      this.#ring = new AbortController();
      await clock.sleep(ms, this.#ring.signal);
      this.#ring = undefined;
    }
    this.#rung = false;
  }
}
