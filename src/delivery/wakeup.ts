import type { Clock } from "../telemetry/clock.ts";

/** Auto-reset event that wakes a loop when there is work, or after a timeout. */
export class Wakeup {
  #waiting: AbortController | undefined;
  #notified = false;

  /** Ends the current wait, or the next one as soon as it begins. */
  notify(): void {
    this.#notified = true;
    this.#waiting?.abort();
  }

  /** Resolves on `notify`, or after `ms` milliseconds. */
  async wait(clock: Clock, ms: number): Promise<void> {
    if (!this.#notified) {
      this.#waiting = new AbortController();
      await clock.sleep(ms, this.#waiting.signal);
      this.#waiting = undefined;
    }
    this.#notified = false;
  }
}
