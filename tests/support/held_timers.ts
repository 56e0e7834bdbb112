/** Shorter timers stay real: tests wait by them, and programs use them to yield. */
const MIN_HELD_MS = 100;

interface HeldTimer {
  readonly id: number;
  readonly everyMs: number | undefined;
  readonly run: () => void;
  atMs: number;
}

/**
 * Holds the timeouts and intervals of 100 ms or more that are set while it exists: they elapse only
 * in `advance()`. The original functions are back when it is disposed.
 */
export class HeldTimers implements Disposable {
  readonly #original = {
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    clearTimeout: globalThis.clearTimeout,
    clearInterval: globalThis.clearInterval,
  };
  readonly #timers = new Map<number, HeldTimer>();
  #nowMs = 0;
  #lastId = 1e12; // above the numbers of real timers

  constructor() {
    const { setTimeout, setInterval, clearTimeout } = this.#original;
    const hold = (real: typeof setTimeout, repeats: boolean) =>
      ((callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
        if (ms < MIN_HELD_MS) return real(callback, ms, ...args);
        const id = ++this.#lastId;
        const run = () => callback(...args);
        this.#timers.set(id, {
          id,
          run,
          atMs: this.#nowMs + ms,
          everyMs: repeats ? ms : undefined,
        });
        return id;
      }) as unknown as typeof setTimeout;
    const clear = ((id: number) => {
      if (!this.#timers.delete(id)) clearTimeout(id);
    }) as typeof clearTimeout;
    Object.assign(globalThis, {
      setTimeout: hold(setTimeout, false),
      setInterval: hold(setInterval as typeof setTimeout, true),
      clearTimeout: clear,
      clearInterval: clear,
    });
  }

  /** Milliseconds until each held timer elapses, shortest first. */
  get remainingMs(): readonly number[] {
    return [...this.#timers.values()].map(({ atMs }) => atMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Lets `ms` milliseconds pass, and runs the timers that elapse meanwhile in their order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    while (true) {
      const [next] = [...this.#timers.values()].sort((a, b) => a.atMs - b.atMs);
      if (!next || next.atMs > endMs) break;
      this.#nowMs = next.atMs;
      if (next.everyMs === undefined) this.#timers.delete(next.id);
      else next.atMs += next.everyMs;
      next.run();
    }
    this.#nowMs = endMs;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#original);
  }
}
