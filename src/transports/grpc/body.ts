/**
 * The body of one request, from the connection to the handler. HTTP/2 flow control bounds its size:
 * `onRead` reports consumed bytes, which reopen the sender's window.
 */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = [];
  readonly #onRead: (bytes: number) => void;
  #state: "open" | "ended" | "failed" = "open";
  #wake: (() => void) | undefined;

  constructor(onRead: (bytes: number) => void) {
    this.#onRead = onRead;
  }

  /** Whether the body is complete or has failed. */
  get ended(): boolean {
    return this.#state !== "open";
  }

  /** Appends received bytes. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#notify();
  }

  /** Completes the body. */
  end(): void {
    if (this.#state === "open") this.#state = "ended";
    this.#notify();
  }

  /** Fails the body because its stream was closed. Unread bytes are reported as consumed. */
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
        throw new Error("The request ended early");
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
