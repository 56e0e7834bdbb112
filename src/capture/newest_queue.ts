/**
 * A bounded queue between one producer that never waits and one consumer that does. Where it is
 * full, the oldest item gives way.
 */
export class NewestQueue<Item> {
  readonly #items: Item[] = [];
  #closed = false;
  #wake: (() => void) | undefined;

  /**
   * @param most how many items it holds.
   * @param drop takes an item that gave way.
   */
  constructor(private readonly most: number, private readonly drop: (item: Item) => void) {}

  push(item: Item): void {
    if (this.#closed) return this.drop(item);
    if (this.#items.length >= this.most) this.drop(this.#items.shift()!);
    this.#items.push(item);
    this.#wake?.();
  }

  /** Nothing follows; what is inside can still be taken. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The oldest item, as soon as there is one; undefined at the end. */
  async next(): Promise<Item | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
    return this.#items.shift();
  }
}
