/**
 * A signal that aborts after a time, or when another signal aborts. Use it with `using`: disposed of,
 * it leaves nothing behind in the other signal, which `AbortSignal.any` would.
 *
 * @example
 * ```ts
 * using limit = new TimeLimit(10_000, signal);
 * await fetch(url, { signal: limit.signal });
 * ```
 */
export class TimeLimit implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #other: AbortSignal;
  #isOver = false;

  /** @param ms time in milliseconds @param other the signal that ends it before */
  constructor(ms: number, other: AbortSignal) {
    this.#other = other;
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#controller.abort(new Error("no answer in time"));
    }, ms);
    other.addEventListener("abort", this.#abort, { once: true });
    if (other.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True if the time has passed before the other signal aborted. */
  get isOver(): boolean {
    return this.#isOver;
  }

  readonly #abort = (): void => this.#controller.abort();

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#other.removeEventListener("abort", this.#abort);
  }
}
