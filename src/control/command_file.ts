import { reasonOf } from "../base/errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { MAX_COMMAND_BYTES } from "./commands.ts";

const NEWLINE = 0x0a;
/** Interval between two polls of the file. Chosen: cheap, and not noticeable to a user. */
const POLL_MS = 40;
const CHUNK_BYTES = 16 * 1024;

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
 * the start belong to an earlier run and are skipped; a file that is created, replaced or
 * truncated later is read from its beginning.
 */
export class CommandFile implements AsyncDisposable {
  readonly #options: CommandFileOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #inode: number | null | undefined;
  #offset = 0;
  #line: number[] | "too long" = [];

  constructor(options: CommandFileOptions) {
    this.#options = options;
    const file = statOf(options.path);
    this.#inode = file?.ino;
    this.#offset = file?.size ?? 0;
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

  #readAppended(path: string): void {
    const info = statOf(path);
    if (!info) {
      this.#inode = undefined;
      return;
    }
    if (info.ino !== this.#inode || info.size < this.#offset) {
      this.#inode = info.ino;
      this.#offset = 0;
      this.#line = [];
    }
    if (info.size === this.#offset) return;
    using file = Deno.openSync(path);
    file.seekSync(this.#offset, Deno.SeekMode.Start);
    const chunk = new Uint8Array(CHUNK_BYTES);
    // Only one chunk per poll, so that a fast-growing file does not block the event loop.
    const read = file.readSync(chunk) ?? 0;
    this.#offset += read;
    for (const byte of chunk.subarray(0, read)) this.#pushByte(byte);
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

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
