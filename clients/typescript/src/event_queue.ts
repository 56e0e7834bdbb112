import type { StreamEvent } from "./events.ts";

/** Events that wait for a slow reader; a minute of all metrics. *Chosen.* */
const CAPACITY = 2048;

/** The events of one reader: in order, and of the frames of a device only the newest. */
export class EventQueue<E extends StreamEvent> implements AsyncIterableIterator<E, undefined> {
  /** Events that were not read in time. */
  dropped = 0;
  readonly #onEnd: () => void;
  readonly #capacity: number;
  readonly #waiting: E[] = [];
  readonly #readers: ((result: IteratorResult<E, undefined>) => void)[] = [];
  #ended = false;

  constructor(onEnd: () => void, capacity: number = CAPACITY) {
    this.#onEnd = onEnd;
    this.#capacity = capacity;
  }

  push(event: E): void {
    const reader = this.#readers.shift();
    if (reader) {
      reader({ value: event, done: false });
      return;
    }
    const replaced = event.type === "frame"
      ? this.#waiting.findIndex((each) => each.type === "frame" && each.device === event.device)
      : -1;
    if (replaced >= 0 || this.#waiting.length === this.#capacity) {
      this.#waiting.splice(Math.max(replaced, 0), 1);
      this.dropped++;
    }
    this.#waiting.push(event);
  }

  next(): Promise<IteratorResult<E, undefined>> {
    const event = this.#waiting.shift();
    if (event) return Promise.resolve({ value: event, done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** Ends the iteration, as `break` does. */
  return(): Promise<IteratorResult<E, undefined>> {
    this.#waiting.length = 0;
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  /** Ends the iteration after the events that wait. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
