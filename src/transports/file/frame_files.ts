import type { FrameImage } from "../../envelopes/envelope.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { withFileLock } from "./file_lock.ts";
import type { FileOptions } from "./options.ts";

export type FrameFilesOptions = Pick<
  FileOptions,
  "baseDirectory" | "maxFrameCount" | "frameExtension" | "useFileLocking"
>;

type Bytes = Uint8Array<ArrayBuffer>;

export interface FrameFilesContext {
  readonly clock: Clock;
  /** Converts a JPEG to the content of a file. @default the JPEG itself */
  readonly convertJpeg?: ((jpeg: Bytes) => Promise<Bytes>) | undefined;
}

/** Frame files: `latest.jpg`, replaced atomically, and the last few frames by number. */
export class FrameFiles implements AsyncDisposable {
  readonly #options: FrameFilesOptions;
  readonly #context: FrameFilesContext;
  /** Names of the existing numbered frames, oldest first. */
  #numbered: string[] = [];
  #lastNumber = -1;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: FrameFilesOptions, context: FrameFilesContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Continues with the files of an earlier run, or removes them if `truncate` is set. */
  async open({ truncate }: { truncate: boolean }): Promise<void> {
    const { baseDirectory } = this.#options;
    const pattern = new RegExp(`^frame_(\\d{12,})\\.${escape(this.#extension)}$`);
    const found: string[] = [];
    for await (const { name } of Deno.readDir(baseDirectory)) {
      if (pattern.test(name)) found.push(name);
    }
    this.#numbered = found.sort((a, b) => numberOf(a) - numberOf(b));
    await remove(this.#temporary);
    if (truncate) {
      await remove(this.#latest);
      await this.#removeAllBut(0);
    }
    this.#lastNumber = numberOf(this.#numbered.at(-1) ?? "frame_-1");
    await this.#removeAllBut(this.#options.maxFrameCount);
  }

  /** Writes a frame to a temporary file and renames it, so that no reader sees a partial image. */
  write({ jpeg, sequence }: FrameImage): Promise<void> {
    const { convertJpeg } = this.#context;
    const written = this.#writing.then(async () => {
      await this.#write(convertJpeg ? await convertJpeg(jpeg) : jpeg, sequence);
    });
    this.#writing = written.catch(() => {}); // the caller handles the error
    return written;
  }

  /** Waits for the frame that is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  async #write(content: Bytes, sequence: number): Promise<void> {
    const { maxFrameCount, baseDirectory } = this.#options;
    try {
      await this.#writeTemporary(content);
      if (maxFrameCount > 0) {
        this.#lastNumber = Math.max(this.#lastNumber + 1, sequence);
        const name = `frame_${String(this.#lastNumber).padStart(12, "0")}.${this.#extension}`;
        await linkOrCopy(this.#temporary, `${baseDirectory}/${name}`);
        this.#numbered.push(name);
        await this.#removeAllBut(maxFrameCount);
      }
      await Deno.rename(this.#temporary, this.#latest);
    } catch (error) {
      await remove(this.#temporary);
      throw error;
    }
  }

  get #extension(): string {
    return this.#options.frameExtension.replace(/^\./, "");
  }

  get #latest(): string {
    return `${this.#options.baseDirectory}/latest.${this.#extension}`;
  }

  get #temporary(): string {
    return `${this.#options.baseDirectory}/.latest.${this.#extension}.tmp`;
  }

  async #writeTemporary(content: Bytes): Promise<void> {
    using file = await Deno.open(this.#temporary, { write: true, create: true, truncate: true });
    const work = async () => {
      for (let written = 0; written < content.length;) {
        written += await file.write(content.subarray(written));
      }
    };
    if (!this.#options.useFileLocking) return await work();
    await withFileLock(file, { clock: this.#context.clock, path: this.#temporary, work });
  }

  async #removeAllBut(count: number): Promise<void> {
    while (this.#numbered.length > count) {
      await remove(`${this.#options.baseDirectory}/${this.#numbered.shift()}`);
    }
  }
}

function numberOf(name: string): number {
  return Number.parseInt(name.slice("frame_".length), 10);
}

function escape(text: string): string {
  return text.replaceAll(/[^\w]/g, (character) => `\\${character}`);
}

async function remove(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Links or, on file systems without hard links (such as FAT), copies a file. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await Deno.link(from, to);
  } catch {
    await Deno.copyFile(from, to);
  }
}
