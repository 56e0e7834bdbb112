/** Keeps a few buffers of one size for the next frames, so that pictures are no garbage. */
export class BufferPool {
  #free: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** @param most how many unused buffers are kept. */
  constructor(private readonly most = 8) {}

  /** A buffer of exactly `bytes` bytes; what it holds is undefined. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes !== this.#bytes) {
      this.#free = [];
      this.#bytes = bytes;
    }
    return this.#free.pop() ?? new Uint8Array(bytes);
  }

  /** Gives one back that nobody reads any more. */
  give(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length === this.#bytes && this.#free.length < this.most) this.#free.push(buffer);
  }
}
