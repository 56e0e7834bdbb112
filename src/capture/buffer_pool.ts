/** Pool of buffers of one size, so that frames do not create garbage. */
export class BufferPool {
  #free: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** @param maxFree the largest number of unused buffers that the pool keeps. */
  constructor(private readonly maxFree = 8) {}

  /** Returns a buffer of exactly `bytes` bytes with undefined content. */
  acquire(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes !== this.#bytes) {
      this.#free = [];
      this.#bytes = bytes;
    }
    return this.#free.pop() ?? new Uint8Array(bytes);
  }

  /** Takes back a buffer that is no longer in use. */
  release(buffer: Uint8Array<ArrayBuffer>): void {
    if (buffer.length === this.#bytes && this.#free.length < this.maxFree) this.#free.push(buffer);
  }
}
