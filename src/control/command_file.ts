import { reasonOf } from "../base/errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { MAX_COMMAND_BYTES } from "./commands.ts";

const NEWLINE = 0x0a;
/** Interval between two polls of the file. Chosen: cheap, and not noticeable to a user. */
const POLL_MS = 40;
const CHUNK_BYTES = 16 * 1024;
/** Bytes before the present position by which a file that was written anew is recognized. Chosen. */
const TAIL_BYTES = 4096;

export interface CommandFileOptions {
  /** Usually `command.jsonl` in the base directory of the file backend; it need not exist yet. */
  readonly path: string;
  /** Called with each appended line, without its newline. */
  readonly onCommand: (bytes: Uint8Array) => void;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/**
 * Follows a file to which clients append commands, one JSON object per line. Lines that exist at
 * the start belong to an earlier run and are skipped; a file that is created, replaced, truncated or
 * written anew later (by `>` of a shell, even with the same text) is read from its beginning.
 */
export class CommandFile implements AsyncDisposable {
  readonly #options: CommandFileOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #inode: number | null | undefined;
  #offset = 0;
  /** When the file was modified before it was last read, in milliseconds. */
  #modifiedMs: number | undefined;
  /** The last bytes before the offset, at most `TAIL_BYTES`. */
  #tail: Uint8Array = new Uint8Array(0);
  #line: number[] | "too long" = [];

  constructor(options: CommandFileOptions) {
    this.#options = options;
    this.#skipExisting();
    this.#running = this.#follow();
  }

  async #follow(): Promise<void> {
    const { path, clock, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        this.#readAppended(path);
      } catch (error) {
        log.rateLimited("command_file", 60, "warning", `Cannot read ${path}: ${reasonOf(error)}`);
      }
      await clock.sleep(POLL_MS, this.#stop.signal);
    }
  }

  #skipExisting(): void {
    try {
      const info = statOf(this.#options.path);
      this.#inode = info?.ino;
      this.#offset = info?.size ?? 0;
      this.#modifiedMs = info?.mtime?.getTime();
      if (this.#offset === 0) return;
      using file = Deno.openSync(this.#options.path);
      this.#tail = readBefore(file, this.#offset);
    } catch {
      // `#readAppended` reports it.
    }
  }

  #readAppended(path: string): void {
    const info = statOf(path);
    if (!info) {
      this.#inode = undefined;
      return;
    }
    const modifiedMs = info.mtime?.getTime();
    if (info.ino !== this.#inode || info.size < this.#offset) this.#restart(info);
    if (info.size === this.#offset && modifiedMs === this.#modifiedMs) return;
    using file = Deno.openSync(path);
    if (modifiedMs !== this.#modifiedMs && this.#isRewritten(file, info)) this.#restart(info);
    this.#modifiedMs = modifiedMs;
    file.seekSync(this.#offset, Deno.SeekMode.Start);
    const chunk = new Uint8Array(CHUNK_BYTES);
    // Only one chunk per poll, so that a fast-growing file does not block the event loop.
    const read = file.readSync(chunk) ?? 0;
    this.#offset += read;
    this.#tail = readBefore(file, this.#offset);
    for (const byte of chunk.subarray(0, read)) this.#pushByte(byte);
  }

  #restart({ ino }: Deno.FileInfo): void {
    this.#inode = ino;
    this.#offset = 0;
    this.#tail = new Uint8Array(0);
    this.#line = [];
  }

  /** True if the file was truncated and written since, to at least the same length as before. */
  #isRewritten(file: Deno.FsFile, { size, atime, mtime }: Deno.FileInfo): boolean {
    const tail = readBefore(file, this.#offset);
    if (tail.length !== this.#tail.length || tail.some((byte, k) => byte !== this.#tail[k])) {
      return true;
    }
    // The same text again. touch(1) also sets the time of the last access, unlike a write.
    return size > 0 && size === this.#offset && atime?.getTime() !== mtime?.getTime();
  }

  #pushByte(byte: number): void {
    if (byte !== NEWLINE) {
      if (this.#line === "too long") return;
      this.#line.push(byte);
      // One byte over the limit is passed on, so that the parser rejects the line as too large.
      if (this.#line.length > MAX_COMMAND_BYTES) {
        this.#options.onCommand(Uint8Array.from(this.#line));
        this.#line = "too long";
      }
      return;
    }
    const line = this.#line;
    this.#line = [];
    if (line !== "too long" && line.length > 0) this.#options.onCommand(Uint8Array.from(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/** Reads up to `TAIL_BYTES` before an offset. */
function readBefore(file: Deno.FsFile, offset: number): Uint8Array {
  const bytes = new Uint8Array(Math.min(TAIL_BYTES, offset));
  file.seekSync(offset - bytes.length, Deno.SeekMode.Start);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
