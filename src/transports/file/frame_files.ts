import type { FrameImage } from "../../envelopes/envelope.ts";
import type { Clock } from "../../telemetry/clock.ts";
import { underLock } from "./file_lock.ts";
import type { FileOptions } from "./options.ts";

export type FrameFilesOptions = Pick<
  FileOptions,
  "baseDirectory" | "maxFrameCount" | "frameExtension" | "useFileLocking"
>;

type Bytes = Uint8Array<ArrayBuffer>;

export interface FrameFilesContext {
  readonly clock: Clock;
  /** Makes a file's content of a JPEG. @default the JPEG itself */
  readonly contentOf?: ((jpeg: Bytes) => Promise<Bytes>) | undefined;
}

/** Pictures: `latest.jpg`, replaced as a whole, and the last few under their numbers. */
export class FrameFiles {
  readonly #options: FrameFilesOptions;
  readonly #context: FrameFilesContext;
  /** Names of the numbered frames that exist, oldest first. */
  #kept: string[] = [];
  #lastNumber = -1;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: FrameFilesOptions, context: FrameFilesContext) {
    this.#options = options;
    this.#context = context;
  }

  /** Takes up what an earlier run left, or removes it. */
  async open({ truncate }: { truncate: boolean }): Promise<void> {
    const { baseDirectory } = this.#options;
    const pattern = new RegExp(`^frame_(\\d{12,})\\.${escape(this.#extension)}$`);
    const found: string[] = [];
    for await (const { name } of Deno.readDir(baseDirectory)) {
      if (pattern.test(name)) found.push(name);
    }
    this.#kept = found.sort((a, b) => numberOf(a) - numberOf(b));
    await remove(this.#temporary);
    if (truncate) {
      await remove(this.#latest);
      await this.#keepLast(0);
    }
    this.#lastNumber = numberOf(this.#kept.at(-1) ?? "frame_-1");
    await this.#keepLast(this.#options.maxFrameCount);
  }

  /** Writes a picture beside the last one and puts it in its place: no reader sees a part. */
  write({ jpeg, sequence }: FrameImage): Promise<void> {
    const { contentOf } = this.#context;
    const written = this.#writing.then(async () => {
      await this.#write(contentOf ? await contentOf(jpeg) : jpeg, sequence);
    });
    this.#writing = written.catch(() => {}); // told to the caller
    return written;
  }

  async #write(content: Bytes, sequence: number): Promise<void> {
    const { maxFrameCount, baseDirectory } = this.#options;
    try {
      await this.#writeTemporary(content);
      if (maxFrameCount > 0) {
        this.#lastNumber = Math.max(this.#lastNumber + 1, sequence);
        const name = `frame_${String(this.#lastNumber).padStart(12, "0")}.${this.#extension}`;
        await linkOrCopy(this.#temporary, `${baseDirectory}/${name}`);
        this.#kept.push(name);
        await this.#keepLast(maxFrameCount);
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
      for (let at = 0; at < content.length;) at += await file.write(content.subarray(at));
    };
    if (!this.#options.useFileLocking) return await work();
    await underLock(file, { clock: this.#context.clock, path: this.#temporary, work });
  }

  async #keepLast(count: number): Promise<void> {
    while (this.#kept.length > count) {
      await remove(`${this.#options.baseDirectory}/${this.#kept.shift()}`);
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

/** Some file systems of memory cards know no hard links. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await Deno.link(from, to);
  } catch {
    await Deno.copyFile(from, to);
  }
}
