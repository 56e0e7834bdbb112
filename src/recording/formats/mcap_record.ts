const encoder = new TextEncoder();

/** Bytes that grow at their end: the records of MCAP, little-endian. */
export class RecordWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  /** Returns what was written; valid until the next call. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  /** Writes a record: its opcode, the length of its content, and the content. */
  record(opcode: number, write: (record: RecordWriter) => void): this {
    this.#reserve(9);
    this.#view.setUint8(this.length, opcode);
    const start = this.length += 9;
    write(this);
    this.#view.setBigUint64(start - 8, BigInt(this.length - start), true);
    return this;
  }

  uint16(value: number): this {
    this.#reserve(2);
    this.#view.setUint16(this.length, value, true);
    this.length += 2;
    return this;
  }

  uint32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
    return this;
  }

  uint64(value: bigint): this {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value, true);
    this.length += 8;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** Writes the length of a text in UTF-8, and the text. */
  text(text: string): this {
    const bytes = encoder.encode(text);
    return this.uint32(bytes.length).raw(bytes);
  }

  /** Writes the length of a map in bytes, and its entries, whose keys are 16-bit integers. */
  map<Value>(entries: ReadonlyMap<number, Value>, write: (value: Value) => void): this {
    this.uint32(0);
    const start = this.length;
    for (const [key, value] of entries) {
      this.uint16(key);
      write(value);
    }
    this.#view.setUint32(start - 4, this.length - start, true);
    return this;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + bytes));
    larger.set(this.bytes());
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
