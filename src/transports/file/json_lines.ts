import type { Clock } from "../../telemetry/clock.ts";
import { underLock } from "./file_lock.ts";
import type { FileOptions } from "./options.ts";
import { wholeLinesBytes } from "./repair.ts";

export type JsonLinesOptions = Pick<
  FileOptions,
  "useFileLocking" | "ioBufferSize" | "rotateBytes" | "rotateSeconds" | "rotateKeep"
>;

interface Pending {
  readonly bytes: Uint8Array;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** The longest that a line waits for others to be written with it, milliseconds. */
const MAX_DELAY_MS = 100;
const NEWLINE = new Uint8Array([10]);

/** A file of JSON objects, one a line, that only ever holds whole lines. */
export class JsonLines implements AsyncDisposable {
  readonly path: string;
  readonly #options: JsonLinesOptions;
  readonly #clock: Clock;
  #file: Deno.FsFile | undefined;
  #bytes = 0;
  #openedUs = 0;
  #pending: Pending[] = [];
  #pendingBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string, options: JsonLinesOptions, clock: Clock) {
    this.path = path;
    this.#options = options;
    this.#clock = clock;
  }

  /** Opens the file; what an earlier run left is repaired to whole lines, or emptied. */
  async open({ truncate }: { truncate: boolean }): Promise<void> {
    this.#close();
    const file = await Deno.open(this.path, { read: true, append: true, create: true });
    this.#file = file;
    this.#bytes = truncate ? 0 : await wholeLinesBytes(file);
    await file.truncate(this.#bytes);
    this.#openedUs = this.#clock.monotonicUs();
  }

  /** Resolves once the line is written, at most 100 ms later; rejects where it was not. */
  append(line: Uint8Array): Promise<void> {
    return new Promise((done, failed) => {
      this.#pending.push({ bytes: line, done, failed });
      this.#pendingBytes += line.length + 1;
      if (this.#pendingBytes >= this.#options.ioBufferSize) this.#flushSoon();
      else this.#timer ??= setTimeout(() => this.#flushSoon(), MAX_DELAY_MS);
    });
  }

  /** Writes what is gathered. */
  async flush(): Promise<void> {
    this.#flushSoon();
    await this.#writing;
  }

  /** True while the path still names the file that is written. */
  async inPlace(): Promise<boolean> {
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

  #flushSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writePending());
  }

  async #writePending(): Promise<void> {
    const lines = this.#takePending();
    if (lines.length === 0) return;
    try {
      await this.#writeLines(lines.map(({ bytes }) => bytes));
      for (const { done } of lines) done();
    } catch (error) {
      // What came in meanwhile must not get before what failed.
      for (const { failed } of [...lines, ...this.#takePending()]) failed(error);
    }
  }

  #takePending(): Pending[] {
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
    await underLock(file, { clock: this.#clock, path: this.path, work });
  }

  /** All or nothing: a part that found room before the disk was full is taken back. */
  async #write(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
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
    await Deno.rename(this.path, this.#asidePath());
    await this.open({ truncate: false });
    await this.#removeOldest();
  }

  /** core_metrics.jsonl becomes core_metrics.20261123T063105.123Z.jsonl. */
  #asidePath(): string {
    const nowMs = this.#clock.epochUs(this.#clock.monotonicUs()) / 1000;
    const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]/g, "");
    return this.path.replace(/\.jsonl$/, `.${stamp}.jsonl`);
  }

  async #removeOldest(): Promise<void> {
    const slash = this.path.lastIndexOf("/");
    const folder = this.path.slice(0, slash);
    const start = this.path.slice(slash + 1).replace(/jsonl$/, "");
    const aside: string[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      if (name.startsWith(start) && /\.\d{8}T[\d.]+Z\.jsonl$/.test(name)) aside.push(name);
    }
    const surplus = aside.sort().slice(0, Math.max(0, aside.length - this.#options.rotateKeep));
    for (const name of surplus) await Deno.remove(`${folder}/${name}`);
  }

  #close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

function concatenateLines(lines: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    bytes.set(NEWLINE, at + line.length);
    at += line.length + 1;
  }
  return bytes;
}
