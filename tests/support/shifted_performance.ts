/** Shifts `performance.now()` by as much as a test wants, until it is disposed. */
export class ShiftedPerformance implements Disposable {
  readonly #now = performance.now;
  readonly #frozenMs: number | undefined;
  #shiftMs = 0;

  /** @param options.frozen whether the time passes only in `advance`. */
  constructor({ frozen = false } = {}) {
    this.#frozenMs = frozen ? this.#now.call(performance) : undefined;
    performance.now = () => (this.#frozenMs ?? this.#now.call(performance)) + this.#shiftMs;
  }

  advance(ms: number): void {
    this.#shiftMs += ms;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}
