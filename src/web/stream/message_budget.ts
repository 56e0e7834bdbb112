/** Messages that a client may send at once, and the time after which one more is allowed. Chosen. */
const BURST = 50;
const REFILL_MS = 100;

/** Limits the rate at which one client sends messages. */
export class MessageBudget {
  readonly #nowMs: () => number;
  #used = 0;
  #atMs: number;

  /** @param nowMs monotonic time in milliseconds */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#atMs = nowMs();
  }

  /** Counts a message; returns false if there were too many. */
  take(): boolean {
    const nowMs = this.#nowMs();
    this.#used = Math.max(0, this.#used - (nowMs - this.#atMs) / REFILL_MS) + 1;
    this.#atMs = nowMs;
    return this.#used <= BURST;
  }
}
