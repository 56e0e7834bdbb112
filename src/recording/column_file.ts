import { openPlain, type OpenWorkFile, type WorkFile } from "./work_file.ts";

/** Bytes of a column that are kept in memory; the buffer grows up to this size. */
const COLUMN_BYTES = 1 << 14;
const SMALLEST_BYTES = 1 << 8;
/** Bytes of all buffers, however many columns there are. */
const TOTAL_BYTES = 1 << 23;
/** UTF-8 has at most this number of bytes for each character of a string. */
const BYTES_PER_CHARACTER = 3;

/** Text that grows at its end: first in memory, and then in the file of its columns. */
export interface Column {
  buffer: Uint8Array<ArrayBuffer>;
  used: number;
  /** Offset and length in bytes of each part in the file. */
  readonly parts: number[];
}

/** Many growing texts in one temporary file, which the system removes when it is closed. */
export class ColumnFile implements Disposable {
  readonly #file: WorkFile;
  readonly #encoder = new TextEncoder();
  readonly #columns: Column[] = [];
  #end = 0;
  #buffered = 0;

  /** @param path of a file that is created and removed at once, so that a crash leaves none */
  constructor(path: string, open: OpenWorkFile = openPlain) {
    Deno.writeFileSync(path, new Uint8Array());
    this.#file = open(path);
    Deno.removeSync(path);
  }

  /** Adds an empty column. */
  add(): Column {
    const column: Column = { buffer: new Uint8Array(0), used: 0, parts: [] };
    this.#columns.push(column);
    return column;
  }

  append(column: Column, text: string): void {
    const bytes = BYTES_PER_CHARACTER * text.length;
    if (column.used + bytes > column.buffer.length) this.#makeRoom(column, bytes);
    column.used += this.#encoder.encodeInto(text, column.buffer.subarray(column.used)).written;
  }

  /** Yields the text of a column in UTF-8, in parts that are valid until the next. */
  *bytes(column: Column): Generator<Uint8Array, void, void> {
    let block = new Uint8Array(COLUMN_BYTES);
    for (let i = 0; i < column.parts.length; i += 2) {
      const length = column.parts[i + 1]!;
      if (length > block.length) block = new Uint8Array(length);
      const bytes = block.subarray(0, length);
      this.#file.read(column.parts[i]!, bytes);
      yield bytes;
    }
    yield column.buffer.subarray(0, column.used);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** Enlarges the buffer of a column, or writes it to the file. */
  #makeRoom(column: Column, bytes: number): void {
    if (column.used + bytes > COLUMN_BYTES) this.#flush(column);
    let size = Math.max(SMALLEST_BYTES, column.buffer.length);
    while (size < column.used + bytes) size *= 2;
    if (size === column.buffer.length) return;
    if (this.#buffered + size > TOTAL_BYTES) {
      for (const each of this.#columns) {
        this.#flush(each);
        each.buffer = new Uint8Array(0);
      }
      this.#buffered = 0;
    }
    const buffer = new Uint8Array(size);
    buffer.set(column.buffer.subarray(0, column.used));
    this.#buffered += size - column.buffer.length;
    column.buffer = buffer;
  }

  #flush(column: Column): void {
    if (column.used === 0) return;
    this.#file.append(column.buffer.subarray(0, column.used));
    column.parts.push(this.#end, column.used);
    this.#end += column.used;
    column.used = 0;
  }
}
