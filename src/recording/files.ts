/** Bytes that are collected before they are written. */
const BLOCK_BYTES = 1 << 16;
/** A character of a string has at most this number of bytes in UTF-8. */
const BYTES_PER_CHARACTER = 3;

const encoder = new TextEncoder();

/** Writes all of the bytes at the present position of a file. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    written += file.writeSync(bytes.subarray(written));
  }
}

/**
 * Fills `into` with the bytes at `offset` of a file.
 *
 * @returns the number of bytes, which is smaller at the end of the file
 */
export function readAt(file: Deno.FsFile, offset: number, into: Uint8Array): number {
  file.seekSync(offset, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < into.length) {
    const count = file.readSync(into.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return filled;
}

/**
 * File that is written in blocks, and replaces the one at its path once it is complete. It encodes
 * into a buffer of its own, as garbage of gigabytes would make the heap grow.
 */
export class ReplacedFile implements Disposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #used = 0;
  #complete = false;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
    this.#file = Deno.openSync(this.#temporary, { create: true, write: true, truncate: true });
  }

  /** Appends a text, or bytes, which the caller may change afterwards. */
  write(part: string | Uint8Array): void {
    const text = typeof part === "string";
    const bytes = text ? BYTES_PER_CHARACTER * part.length : part.length;
    if (this.#used + bytes > BLOCK_BYTES) this.#flush();
    if (bytes > BLOCK_BYTES) writeAll(this.#file, text ? encoder.encode(part) : part);
    else if (text) {
      this.#used += encoder.encodeInto(part, this.#block.subarray(this.#used)).written;
    } else {
      this.#block.set(part, this.#used);
      this.#used += part.length;
    }
  }

  /** Replaces the file at the path, once everything is on the disk. */
  complete(): void {
    this.#flush();
    this.#file.syncSync();
    Deno.renameSync(this.#temporary, this.#path);
    this.#complete = true;
  }

  [Symbol.dispose](): void {
    this.#file.close();
    if (!this.#complete) Deno.removeSync(this.#temporary);
  }

  #flush(): void {
    writeAll(this.#file, this.#block.subarray(0, this.#used));
    this.#used = 0;
  }
}
