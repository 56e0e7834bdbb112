/**
 * Bounded queue between a producer that never waits and one consumer that does. When the queue is
 * full, a new item replaces the oldest.
 */
export class DropOldestQueue<Item> {
  readonly #items: Item[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  /**
   * @param capacity the number of items that the queue holds.
   * @param onDrop receives each item that is dropped.
   */
  constructor(private readonly capacity: number, private readonly onDrop: (item: Item) => void) {}

  push(item: Item): void {
    if (this.#closed) return this.onDrop(item);
    if (this.#items.length >= this.capacity) this.onDrop(this.#items.shift()!);
    this.#items.push(item);
    this.#wake?.();
  }

  /** Refuses new items; those in the queue can still be taken. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** Waits for the oldest item and removes it; undefined once the queue is closed and empty. */
  async next(): Promise<Item | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    return this.#items.shift();
  }
}
