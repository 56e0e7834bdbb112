import { makePrivate } from "../../base/private_files.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { withFileLock } from "./file_lock.ts";
import type { FileOptions } from "./options.ts";
import { completeLinesLength } from "./repair.ts";

export type JsonLinesOptions = Pick<
  FileOptions,
  "useFileLocking" | "ioBufferSize" | "rotateBytes" | "rotateSeconds" | "rotateKeep"
>;

/** A line that waits to be written. */
interface PendingLine {
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Maximum time that a line is buffered to be written with others, in milliseconds. */
const MAX_DELAY_MS = 100;
const NEWLINE = new Uint8Array([10]);

/** A JSON Lines file that never contains incomplete lines. */
export class JsonLines implements AsyncDisposable {
  readonly path: string;
  readonly #options: JsonLinesOptions;
  readonly #clock: Clock;
  #file: Deno.FsFile | undefined;
  #bytes = 0;
  #openedUs = 0;
  #pending: PendingLine[] = [];
  #pendingBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, options: JsonLinesOptions, clock: Clock) {
    this.path = path;
    this.#options = options;
    this.#clock = clock;
  }

  /** Opens the file. The content of an earlier run is cut after its last complete line, or removed. */
  async open({ truncate }: { truncate: boolean }): Promise<void> {
    this.#close();
    const file = await Deno.open(this.path, { read: true, append: true, create: true });
    this.#file = file;
    await makePrivate(this.path);
    this.#bytes = truncate ? 0 : await completeLinesLength(file);
    await file.truncate(this.#bytes);
    this.#openedUs = this.#clock.monotonicUs();
  }

  /** Appends a line within 100 ms; resolves when it was written and rejects if that failed. */
  append(line: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ bytes: line, resolve, reject });
      this.#pendingBytes += line.length + 1;
      if (this.#pendingBytes >= this.#options.ioBufferSize) this.#scheduleWrite();
      else this.#timer ??= setTimeout(() => this.#scheduleWrite(), MAX_DELAY_MS);
    });
  }

  /** Writes the buffered lines. */
  async flush(): Promise<void> {
    this.#scheduleWrite();
    await this.#writing;
  }

  /**
   * Returns true if the path still refers to the open file. It waits for a write in progress, which
   * may rotate the file.
   */
  isInPlace(): Promise<boolean> {
    const result = this.#writing.then(() => this.#isInPlace());
    this.#writing = result.then(() => {});
    return result;
  }

  async #isInPlace(): Promise<boolean> {
    try {
      const [named, open] = await Promise.all([Deno.stat(this.path), this.#file?.stat()]);
      return named.ino === open?.ino && named.dev === open?.dev;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.#close();
  }

  #scheduleWrite(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writePending());
  }

  async #writePending(): Promise<void> {
    const lines = this.#takePending();
    if (lines.length === 0) return;
    try {
      await this.#writeLines(lines.map(({ bytes }) => bytes));
      for (const { resolve } of lines) resolve();
    } catch (error) {
      // Lines that were appended meanwhile fail too, to preserve the order.
      for (const { reject } of [...lines, ...this.#takePending()]) reject(error);
    }
  }

  #takePending(): PendingLine[] {
    const lines = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return lines;
  }

  async #writeLines(lines: readonly Uint8Array[]): Promise<void> {
    await this.#rotateIfDue();
    const file = this.#file;
    if (!file) throw new Deno.errors.BadResource(`Cannot write ${this.path}: it is not open`);
    const work = () => this.#write(file, concatenateLines(lines));
    if (!this.#options.useFileLocking) return await work();
    await withFileLock(file, { clock: this.#clock, path: this.path, work });
  }

  /** Writes all bytes, or none: if the disk becomes full, the partial write is truncated. */
  async #write(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
    } catch (error) {
      await file.truncate(this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
  }

  async #rotateIfDue(): Promise<void> {
    const { rotateBytes, rotateSeconds } = this.#options;
    const ageS = (this.#clock.monotonicUs() - this.#openedUs) / 1e6;
    const due = (rotateBytes > 0 && this.#bytes >= rotateBytes) ||
      (rotateSeconds > 0 && ageS >= rotateSeconds);
    if (!due || this.#bytes === 0) return;
    await Deno.rename(this.path, this.#rotatedPath());
    await this.open({ truncate: false });
    await this.#removeOldest();
  }

  /** The new name, such as core_metrics.20261123T063105.123Z.jsonl for core_metrics.jsonl. */
  #rotatedPath(): string {
    const nowMs = this.#clock.epochUs(this.#clock.monotonicUs()) / 1000;
    const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]/g, "");
    return this.path.replace(/\.jsonl$/, `.${stamp}.jsonl`);
  }

  async #removeOldest(): Promise<void> {
    const slash = this.path.lastIndexOf("/");
    const directory = this.path.slice(0, slash);
    const start = this.path.slice(slash + 1).replace(/jsonl$/, "");
    const rotated: string[] = [];
    for await (const { name } of Deno.readDir(directory)) {
      if (name.startsWith(start) && /\.\d{8}T[\d.]+Z\.jsonl$/.test(name)) rotated.push(name);
    }
    const surplus = rotated.sort().slice(0, Math.max(0, rotated.length - this.#options.rotateKeep));
    for (const name of surplus) await Deno.remove(`${directory}/${name}`);
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

function concatenateLines(lines: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let offset = 0;
  for (const line of lines) {
    bytes.set(line, offset);
    bytes.set(NEWLINE, offset + line.length);
    offset += line.length + 1;
  }
  return bytes;
}
