import { openPlain, type OpenWorkFile, type WorkFile } from "./work_file.ts";

/** Bytes that are collected before they are written. */
const BLOCK_BYTES = 1 << 16;
/** A character of a string has at most this number of bytes in UTF-8. */
const BYTES_PER_CHARACTER = 3;

const encoder = new TextEncoder();

/**
 * File that is written in blocks, and replaces the one at its path once it is complete. It encodes
 * into a buffer of its own, as garbage of gigabytes would make the heap grow.
 */
export class ReplacedFile implements Disposable {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: WorkFile;
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #used = 0;
  #complete = false;

  constructor(path: string, open: OpenWorkFile = openPlain) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
    Deno.writeFileSync(this.#temporary, new Uint8Array());
    this.#file = open(this.#temporary);
  }

  /** Appends a text, or bytes, which the caller may change afterwards. */
  write(part: string | Uint8Array): void {
    const text = typeof part === "string";
    const bytes = text ? BYTES_PER_CHARACTER * part.length : part.length;
    if (this.#used + bytes > BLOCK_BYTES) this.#flush();
    if (bytes > BLOCK_BYTES) this.#file.append(text ? encoder.encode(part) : part);
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
    this.#file.sync();
    Deno.renameSync(this.#temporary, this.#path);
    this.#complete = true;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
    if (!this.#complete) Deno.removeSync(this.#temporary);
  }

  #flush(): void {
    this.#file.append(this.#block.subarray(0, this.#used));
    this.#used = 0;
  }
}
