import { reasonOf, UnavailableError } from "../base/errors.ts";
import type { Bundle } from "./resources.ts";
import { type BundleSink, fileNameOf } from "./sink.ts";

/**
 * A folder with one file for each transaction, in a folder for each day (UTC). A file appears
 * complete or not at all, and the file of an interval that exists is kept. New files and folders
 * follow the umask of the process.
 */
export class BundleFolder implements BundleSink {
  readonly #path: string;

  /** @throws {UnavailableError} if the folder cannot be created */
  constructor(path: string) {
    this.#path = path;
    this.#create(path);
  }

  add(bundle: Bundle, startUs: number): void {
    const day = `${this.#path}/${new Date(startUs / 1000).toISOString().slice(0, 10)}`;
    this.#create(day);
    const path = `${day}/${fileNameOf(bundle, startUs)}`;
    try {
      writeOnce(path, JSON.stringify(bundle));
    } catch (cause) {
      throw unavailable(path, cause);
    }
  }

  /** Does nothing: files are written when they are added. */
  run(): Promise<void> {
    return Promise.resolve();
  }

  #create(path: string): void {
    try {
      Deno.mkdirSync(path, { recursive: true });
    } catch (cause) {
      throw unavailable(path, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Writes a file atomically, unless it exists. */
function writeOnce(path: string, text: string): void {
  if (exists(path)) return;
  const temporary = `${path}.tmp`;
  try {
    using file = Deno.openSync(temporary, { create: true, write: true, truncate: true });
    const bytes = new TextEncoder().encode(text);
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
    }
    file.syncSync();
  } catch (error) {
    if (exists(temporary)) Deno.removeSync(temporary);
    throw error;
  }
  Deno.renameSync(temporary, path);
}

function exists(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFile;
  } catch {
    return false;
  }
}

function unavailable(path: string, cause: unknown): UnavailableError {
  return new UnavailableError(`Cannot write ${path}: ${reasonOf(cause)}`, { cause });
}
