import { createCipheriv, randomBytes } from "node:crypto";
import { readAt, writeAll } from "./files.ts";

/** A file that grows at its end, and that this process reads at any offset. */
export interface WorkFile extends Disposable {
  /** Appends bytes, which the caller may change afterwards. */
  append(bytes: Uint8Array): void;
  /** Fills `into` with the bytes at `offset`; returns their number, smaller at the end of the file. */
  read(offset: number, into: Uint8Array): number;
  /** Waits until everything is on the disk. */
  sync(): void;
}

/** Opens a work file; `path` is created if it is missing. */
export type OpenWorkFile = (path: string) => WorkFile;

/** A work file as it is. */
export function openPlain(path: string): WorkFile {
  return new PlainFile(path);
}

class PlainFile implements WorkFile {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { create: true, read: true, write: true });
  }

  append(bytes: Uint8Array): void {
    this.#file.seekSync(0, Deno.SeekMode.End);
    writeAll(this.#file, bytes);
  }

  read(offset: number, into: Uint8Array): number {
    return readAt(this.#file, offset, into);
  }

  sync(): void {
    this.#file.syncSync();
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

export const KEY_BYTES = 32;
/** First half of the counter block of AES-CTR; the second half counts blocks from 0. */
export const NONCE_BYTES = 8;
const BLOCK_BYTES = 16;

/** The key of a sealed file, and its nonce, which no other file with this key has. */
export interface SealKey {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
}

/** Returns a key that no other file has, and that ends with the process. */
export function newSealKey(): SealKey {
  return { key: randomBytes(KEY_BYTES), nonce: new Uint8Array(NONCE_BYTES) };
}

/**
 * A work file that is encrypted by AES-256-CTR, so that it can be read at any offset, and with
 * `openssl enc -d -aes-256-ctr`. Each byte is written once, so that no part of the key stream is used
 * twice. It is not authenticated, as files for age recipients are not: anybody may write one.
 */
export class SealedFile implements WorkFile {
  readonly #file: WorkFile;
  readonly #seal: SealKey;
  #end: number;

  constructor(path: string, seal: SealKey) {
    this.#file = new PlainFile(path);
    this.#seal = seal;
    this.#end = Deno.statSync(path).size;
  }

  /** Size of the file. */
  get bytes(): number {
    return this.#end;
  }

  append(bytes: Uint8Array): void {
    this.#file.append(this.#cipher(this.#end, bytes));
    this.#end += bytes.length;
  }

  read(offset: number, into: Uint8Array): number {
    const count = this.#file.read(offset, into);
    into.set(this.#cipher(offset, into.subarray(0, count)));
    return count;
  }

  sync(): void {
    this.#file.sync();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** Encrypts or decrypts the bytes at an offset: both are the same. */
  #cipher(offset: number, bytes: Uint8Array): Uint8Array {
    const { key, nonce } = this.#seal;
    const counter = new Uint8Array(BLOCK_BYTES);
    counter.set(nonce);
    const blocks = BigInt(Math.floor(offset / BLOCK_BYTES));
    new DataView(counter.buffer).setBigUint64(NONCE_BYTES, blocks);
    const cipher = createCipheriv("aes-256-ctr", key, counter);
    cipher.update(new Uint8Array(offset % BLOCK_BYTES));
    const result = cipher.update(bytes);
    cipher.final();
    return result;
  }
}
