import { ConnectError } from "@connectrpc/connect";

/**
 * One live series of messages for any number of listeners, each with a bounded queue of its own:
 * a listener that is too slow misses the oldest, and holds up nobody.
 *
 * @example
 * ```ts
 * const feed = new Feed<number>({ capacity: 2 });
 * feed.publish(1);
 * const controller = new AbortController();
 * for await (const value of feed.listen(controller.signal)) { // 1: the newest comes first
 *   assert(value === 1);
 *   controller.abort();
 * }
 * ```
 */
export class Feed<Value> {
  readonly #listeners = new Set<Listener<Value>>();
  readonly #capacity: number;
  readonly #onDrop: () => void;
  #newest: { readonly value: Value } | undefined;

  /** `capacity`: messages that wait for one listener; `onDrop` is called for each one missed. */
  constructor({ capacity, onDrop = () => {} }: {
    readonly capacity: number;
    readonly onDrop?: () => void;
  }) {
    this.#capacity = capacity;
    this.#onDrop = onDrop;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get newest(): Value | undefined {
    return this.#newest?.value;
  }

  publish(value: Value): void {
    this.#newest = { value };
    for (const listener of this.#listeners) {
      if (listener.queue.length >= this.#capacity) {
        listener.queue.shift();
        this.#onDrop();
      }
      listener.queue.push(value);
      listener.wake();
    }
  }

  /**
   * The newest message, if there is one, and then each as it comes, until `signal` aborts.
   *
   * @throws {ConnectError} where that is why it aborts: a deadline has passed.
   */
  async *listen(signal: AbortSignal): AsyncGenerator<Value, void> {
    const listener: Listener<Value> = {
      queue: this.#newest ? [this.#newest.value] : [],
      wake: () => {},
    };
    const stop = () => listener.wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        if (listener.queue.length > 0) yield listener.queue.shift()!;
        else await new Promise<void>((resolve) => listener.wake = resolve);
      }
      // A stream that a deadline cuts off must not look as if it had come to its end.
      if (signal.reason instanceof ConnectError) throw signal.reason;
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", stop);
    }
  }
}

interface Listener<Value> {
  readonly queue: Value[];
  wake: () => void;
}
