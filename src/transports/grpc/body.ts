/**
 * The bytes of one request's body, from the connection to the handler. The sender's window bounds
 * it: `onRead` gives back what was read.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  readonly #onRead: (bytes: number) => void;
  #state: "open" | "ended" | "failed" = "open";
  #wake: (() => void) | undefined;

  constructor(onRead: (bytes: number) => void) {
    this.#onRead = onRead;
  }

  get ended(): boolean {
    return this.#state !== "open";
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#notify();
  }

  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#notify();
  }

  /** The stream is gone: what nobody read is given back, and a reader learns of it. */
  fail(): void {
    if (this.#state === "open") this.#state = "failed";
    for (const chunk of this.#chunks.splice(0)) this.#onRead(chunk.length);
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    while (true) {
      const chunk = this.#chunks.shift();
      if (chunk) {
        this.#onRead(chunk.length);
        yield chunk;
      } else if (this.#state === "ended") {
        return;
      } else if (this.#state === "failed") {
        throw new Error("The request was cut short");
      } else {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    }
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
