import { replaced } from "./replace.ts";

/** Signal handlers of this process while it exists: a test sends the signals, and reads the exits. */
export class FakeSignals implements Disposable {
  readonly #listeners: { readonly signal: Deno.Signal; readonly run: () => void }[] = [];
  readonly #replaced = new DisposableStack();
  /** Statuses that `Deno.exit()` was called with; the process continues. */
  readonly exits: (number | undefined)[] = [];

  constructor() {
    const listeners = this.#listeners;
    this.#replaced.use(replaced(Deno, "addSignalListener", (signal, run) => {
      listeners.push({ signal, run });
    }));
    this.#replaced.use(replaced(Deno, "removeSignalListener", (signal, run) => {
      const index = listeners.findIndex((each) => each.signal === signal && each.run === run);
      if (index >= 0) listeners.splice(index, 1);
    }));
    const exit = (status?: number) => void this.exits.push(status);
    this.#replaced.use(replaced(Deno, "exit", exit as typeof Deno.exit));
  }

  /** The signals that have handlers. */
  get handled(): readonly Deno.Signal[] {
    return this.#listeners.map(({ signal }) => signal);
  }

  send(signal: Deno.Signal): void {
    for (const each of [...this.#listeners]) if (each.signal === signal) each.run();
  }

  [Symbol.dispose](): void {
    this.#replaced[Symbol.dispose]();
  }
}
