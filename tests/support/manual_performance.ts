/** Holds `performance.now()`: until this is disposed, time passes only in `advance()`. */
export class ManualPerformance implements Disposable {
  readonly #now = performance.now;
  #heldMs = Math.round(performance.now()); // so that sums with whole numbers are exact

  constructor() {
    performance.now = () => this.#heldMs;
  }

  advance(ms: number): void {
    this.#heldMs += ms;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}
