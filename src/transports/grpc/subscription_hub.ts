import { ConnectError } from "@connectrpc/connect";

/**
 * Broadcasts messages to any number of subscribers, each with a bounded queue. A subscriber that is
 * too slow misses the oldest messages and delays no other. A new one starts with the latest message.
 *
 * @example
 * ```ts
 * const hub = new SubscriptionHub<number>({ capacity: 2 });
 * hub.publish(1);
 * const controller = new AbortController();
 * for await (const value of hub.subscribe(controller.signal)) {
 *   assert(value === 1);
 *   controller.abort();
 * }
 * ```
 */
export class SubscriptionHub<Value> {
  readonly #subscribers = new Set<Subscriber<Value>>();
  readonly #capacity: number;
  readonly #onDrop: () => void;
  #latest: { readonly value: Value } | undefined;

  /**
   * @param options.capacity maximum number of messages queued for one subscriber.
   * @param options.onDrop called for each message that a subscriber misses.
   */
  constructor({ capacity, onDrop = () => {} }: {
    readonly capacity: number;
    readonly onDrop?: () => void;
  }) {
    this.#capacity = capacity;
    this.#onDrop = onDrop;
  }

  /** Number of subscribers. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** The last message; undefined before the first. */
  get latest(): Value | undefined {
    return this.#latest?.value;
  }

  /** Queues a message for every subscriber. Never waits. */
  publish(value: Value): void {
    this.#latest = { value };
    for (const subscriber of this.#subscribers) {
      if (subscriber.queue.length >= this.#capacity) {
        subscriber.queue.shift();
        this.#onDrop();
      }
      subscriber.queue.push(value);
      subscriber.wake();
    }
  }

  /**
   * Yields the latest message, if there is one, and then each new one, until `signal` aborts.
   *
   * @throws {ConnectError} if that is the reason of the abort, such as a deadline.
   */
  async *subscribe(signal: AbortSignal): AsyncGenerator<Value, void> {
    const subscriber: Subscriber<Value> = {
      queue: this.#latest ? [this.#latest.value] : [],
      wake: () => {},
    };
    const stop = () => subscriber.wake();
    this.#subscribers.add(subscriber);
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        if (subscriber.queue.length > 0) yield subscriber.queue.shift()!;
        else await new Promise<void>((resolve) => subscriber.wake = resolve);
      }
      // A stream that a deadline ends must fail instead of completing.
      if (signal.reason instanceof ConnectError) throw signal.reason;
    } finally {
      this.#subscribers.delete(subscriber);
      signal.removeEventListener("abort", stop);
    }
  }
}

interface Subscriber<Value> {
  readonly queue: Value[];
  wake: () => void;
}
