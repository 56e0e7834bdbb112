import { AppError, reasonOf } from "../base/errors.ts";
import { makePrivate } from "../base/private_files.ts";
import type { Database } from "./database.ts";
import { encodeLine } from "./line_protocol.ts";
import { type Row, TABLE_NAMES } from "./tables.ts";

const encoder = new TextEncoder();

/** A file with line protocol, which is appended to and never shortened but for a torn last line. */
export class InfluxFile implements Database {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  /** Size of what is complete, in bytes. */
  #bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    this.#close();
    try {
      this.#file = await Deno.open(this.#path, {
        read: true,
        write: true,
        create: true,
        mode: 0o600,
      });
      await makePrivate(this.#path);
      this.#bytes = await endOfLines(this.#file);
      await this.#file.truncate(this.#bytes);
    } catch (cause) {
      this.#close();
      throw cause instanceof AppError ? cause : new AppError(reasonOf(cause), { cause });
    }
  }

  async write(rows: readonly Row[]): Promise<void> {
    const file = this.#file;
    if (!file) throw new AppError("the file is closed");
    const bytes = encoder.encode(rows.map(encodeLine).join(""));
    try {
      await file.seek(this.#bytes, Deno.SeekMode.Start);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      this.#bytes += bytes.length;
    } catch (cause) {
      await file.truncate(this.#bytes).catch(() => {});
      this.#close();
      throw new AppError(reasonOf(cause), { cause });
    }
  }

  newestTimes(): Promise<ReadonlyMap<string, number>> {
    return Promise.resolve(new Map());
  }

  expire(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Longest line, in bytes; a torn one is searched for its start within this. */
const MAX_LINE = 65_536;
const NEW_LINE = 10;

/**
 * Returns the offset after the last complete line.
 *
 * @throws {AppError} if another program has written the rest
 */
async function endOfLines(file: Deno.FsFile): Promise<number> {
  const { size } = await file.stat();
  const tail = new Uint8Array(Math.min(size, MAX_LINE));
  await file.seek(size - tail.length, Deno.SeekMode.Start);
  for (let at = 0; at < tail.length;) at += await file.read(tail.subarray(at)) ?? tail.length;
  const torn = tail.subarray(tail.lastIndexOf(NEW_LINE) + 1);
  const text = new TextDecoder().decode(torn);
  const isOwn = TABLE_NAMES.some((name) => text.startsWith(`${name},`) || name.startsWith(text));
  if (!isOwn) throw new AppError("it ends with a line that is not from this program");
  return size - torn.length;
}
