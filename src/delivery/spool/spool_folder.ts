import { createHash } from "node:crypto";
import { AppError } from "../../base/errors.ts";
import { makePrivate } from "../../base/private_files.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { decodeSegment, type KeyMismatch } from "./record.ts";
import type { SpoolKey } from "./seal.ts";
import { Spool, type SpoolOptions } from "./spool.ts";

export interface SpoolFolderOptions {
  /** Folder of all spools, which servers may share. */
  readonly path: string;
  /** Returns who publishes at present: device, broker and prefix, as text. */
  readonly identity: () => string;
  /** Encrypts the spools. @default none */
  readonly key?: SpoolKey | undefined;
  readonly counters: Counters;
  readonly log: Log;
}

/** The options of one topic's spool that do not follow from the folder. */
export type TopicSpoolOptions = Omit<
  SpoolOptions,
  "folder" | "identity" | "key" | "onSkip" | "onMismatch"
>;

/** What is logged once for all topics, in seconds. */
const MISMATCH_INTERVAL_SECONDS = 60;
const MISMATCHES: Readonly<Record<KeyMismatch, string>> = {
  no_key: "The spool is encrypted, and is kept unpublished: set --spool_key_file",
  other_key:
    "The spool is encrypted with another key, and is kept unpublished: set --spool_key_file " +
    "to the file with that key",
  not_encrypted:
    "The spool is not encrypted, and is kept unpublished: start once without a spool " +
    "key to publish it, or remove it",
};

interface Lock {
  readonly identity: string;
  readonly folder: string;
  readonly file: Deno.FsFile;
}

/**
 * The spools of one server. Each identity has its own folder and holds an exclusive lock (flock(2))
 * on it, so that no server publishes what was measured for another channel or broker, and no two
 * servers publish the same records. What other servers have left is reported and never touched.
 */
export class SpoolFolder implements Disposable {
  readonly #options: SpoolFolderOptions;
  #lock: Promise<Lock> | undefined;
  #held: Lock | undefined;

  constructor(options: SpoolFolderOptions) {
    this.#options = options;
  }

  /** Folder of all spools, as the user has configured it. */
  get path(): string {
    return this.#options.path;
  }

  /** Who publishes at present. */
  get identity(): string {
    return this.#options.identity();
  }

  /**
   * Opens the spool of a topic.
   *
   * @throws {Error} if the folder cannot be used, or if another process uses it.
   */
  async open(topic: string, options: TopicSpoolOptions): Promise<Spool> {
    const { identity, folder } = await this.#acquire();
    const onSkip = (path: string, reason: string) =>
      this.#options.log.warning("Skipped a segment of the spool", { path, reason });
    const onMismatch = (mismatch: KeyMismatch) =>
      this.#options.log.rateLimited(
        `spool ${mismatch}`,
        MISMATCH_INTERVAL_SECONDS,
        "warning",
        MISMATCHES[mismatch],
        { folder },
      );
    const { key } = this.#options;
    const spool = new Spool({
      ...options,
      ...{ identity, key, folder: `${folder}/${topic}`, onSkip, onMismatch },
    });
    await spool.open();
    return spool;
  }

  /** Releases the lock. */
  [Symbol.dispose](): void {
    this.#held?.file.close();
    this.#held = this.#lock = undefined;
  }

  #acquire(): Promise<Lock> {
    if (this.#held && this.#held.identity !== this.identity) this[Symbol.dispose]();
    return this.#lock ??= this.#takeLock().catch((error) => {
      this.#lock = undefined;
      throw error;
    });
  }

  async #takeLock(): Promise<Lock> {
    const { identity } = this;
    const folder = `${this.#options.path}/${folderNameOf(identity)}`;
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    await makePrivate(folder);
    const file = await tryLock(`${folder}/lock`);
    if (!file) {
      throw new AppError("another server uses it", {
        hint: "give each server its own --spool_path, or another key prefix",
      });
    }
    this.#held = { identity, folder, file };
    await this.#reportOthers(folder);
    return this.#held;
  }

  /** Reports what servers with another identity have left, unless they are running. */
  async #reportOthers(own: string): Promise<void> {
    const { path, log, counters } = this.#options;
    let total = 0;
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      const folder = `${path}/${name}`;
      if (!isDirectory || folder === own) continue;
      const lock = await tryLock(`${folder}/lock`, { create: false }).catch(() => undefined);
      if (!lock && await exists(`${folder}/lock`)) continue;
      lock?.close();
      const { bytes, identity } = await contentOf(folder);
      if (bytes === 0) continue;
      total += bytes;
      log.warning("The spool contains metrics of another server, which are kept unpublished", {
        folder,
        bytes,
        ...identity === undefined ? {} : { identity },
      });
    }
    counters.set("outbox_spool_foreign_bytes", total);
  }
}

/** Returns the name of an identity's folder: the first 16 digits of its SHA-256. */
function folderNameOf(identity: string): string {
  return createHash("sha256").update(identity).digest("hex").slice(0, 16);
}

/** Opens and locks a file; undefined if another process holds the lock. */
async function tryLock(path: string, { create = true } = {}): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, { read: true, write: true, create, mode: 0o600 });
  try {
    if (await file.tryLock(true)) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}

/** Returns the size of the segments in a folder, and the identity in the first readable one. */
async function contentOf(folder: string) {
  let bytes = 0;
  let identity: string | undefined;
  for await (const path of segmentsIn(folder)) {
    const content = await Deno.readFile(path).catch(() => new Uint8Array());
    bytes += content.length;
    identity ??= decodeSegment(content).identity;
  }
  return { bytes, identity };
}

/** Lists the segments of a folder and of the folders of its topics. */
async function* segmentsIn(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* segmentsIn(`${folder}/${name}`);
    else if (name.endsWith(".spool")) yield `${folder}/${name}`;
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
