import { reasonOf } from "../base/errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { MAX_COMMAND_BYTES } from "./commands.ts";

const NEWLINE = 0x0a;
/** Long enough to cost nothing, short enough that nobody presses a button twice. */
const POLL_MS = 40;
const CHUNK_BYTES = 16 * 1024;

export interface CommandFileOptions {
  /** Usually `command.jsonl` in the File backend's base directory; it need not exist yet. */
  readonly path: string;
  /** Called with each line that is appended, without its newline. */
  readonly onCommand: (bytes: Uint8Array) => void;
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Log;
}

/**
 * Follows a file of commands, one JSON object a line, that a client appends to. What stands in
 * it at the start was meant for an earlier run and is passed over; a file that is made,
 * replaced or truncated later is read from its beginning.
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
        this.#readNew(path);
      } catch (error) {
        log.rateLimited("command_file", 60, "warning", `Cannot read ${path}: ${reasonOf(error)}`);
      }
      await clock.sleep(POLL_MS, this.#stop.signal);
    }
  }

  #readNew(path: string): void {
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
    // One chunk a turn: a file that grows without end must not hold up the event loop.
    const read = file.readSync(chunk) ?? 0;
    this.#offset += read;
    for (const byte of chunk.subarray(0, read)) this.#take(byte);
  }

  #take(byte: number): void {
    if (byte !== NEWLINE) {
      if (this.#line === "too long") return;
      this.#line.push(byte);
      // One byte over the limit is kept, so that the parser sees it as too large.
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
