import { reasonOf, UnavailableError } from "../base/errors.ts";

/** Limits of a queue. */
export interface QueueLimits {
  /** Number of transactions. @default 10,000, which is a week of minutes of one device */
  readonly maxBundles?: number;
  /** Characters of all transactions in memory. @default 64 Mi */
  readonly maxCharacters?: number;
}

const MAX_BUNDLES = 10_000;
const MAX_CHARACTERS = 64 << 20;

/** A transaction that waits to be sent. */
export interface PendingBundle {
  readonly name: string;
  /** Its JSON. */
  readonly text: string;
}

/** Transactions that wait to be sent, oldest first. The oldest are dropped if there are too many. */
export interface BundleQueue {
  /** Number of transactions. */
  readonly size: number;
  /** Number of dropped transactions. */
  readonly dropped: number;
  /** @throws {UnavailableError} if it cannot be written */
  add(bundle: PendingBundle): void;
  /** Returns the oldest one; undefined if none waits. */
  oldest(): PendingBundle | undefined;
  remove(name: string): void;
}

/** A queue in memory. */
export class MemoryQueue implements BundleQueue {
  readonly #maxBundles: number;
  readonly #maxCharacters: number;
  readonly #bundles = new Map<string, string>();
  #characters = 0;
  dropped = 0;

  constructor({ maxBundles = MAX_BUNDLES, maxCharacters = MAX_CHARACTERS }: QueueLimits = {}) {
    this.#maxBundles = maxBundles;
    this.#maxCharacters = maxCharacters;
  }

  get size(): number {
    return this.#bundles.size;
  }

  add({ name, text }: PendingBundle): void {
    this.remove(name);
    this.#bundles.set(name, text);
    this.#characters += text.length;
    while (this.#bundles.size > this.#maxBundles || this.#characters > this.#maxCharacters) {
      this.remove(this.oldest()!.name);
      this.dropped++;
    }
  }

  oldest(): PendingBundle | undefined {
    const first = this.#bundles.entries().next();
    return first.done ? undefined : { name: first.value[0], text: first.value[1] };
  }

  remove(name: string): void {
    this.#characters -= this.#bundles.get(name)?.length ?? 0;
    this.#bundles.delete(name);
  }
}

/** A queue of files in a folder, which a restart continues. */
export class FolderQueue implements BundleQueue {
  readonly #path: string;
  readonly #maxBundles: number;
  /** In the order of their addition; those of the start in the order of time, which names sort by. */
  readonly #names: Set<string>;
  dropped = 0;

  /** @throws {UnavailableError} if the folder cannot be used */
  constructor(path: string, { maxBundles = MAX_BUNDLES }: Pick<QueueLimits, "maxBundles"> = {}) {
    this.#path = path;
    this.#maxBundles = maxBundles;
    try {
      Deno.mkdirSync(path, { recursive: true });
      const names = [...Deno.readDirSync(path)].map(({ name }) => name);
      this.#names = new Set(names.filter((name) => name.endsWith(".json")).sort());
    } catch (cause) {
      throw unavailable(path, cause);
    }
  }

  get size(): number {
    return this.#names.size;
  }

  add({ name, text }: PendingBundle): void {
    const path = `${this.#path}/${name}`;
    try {
      Deno.writeTextFileSync(`${path}.tmp`, text);
      Deno.renameSync(`${path}.tmp`, path);
    } catch (cause) {
      throw unavailable(path, cause);
    }
    this.#names.add(name);
    for (; this.#names.size > this.#maxBundles; this.dropped++) {
      this.remove(this.#names.values().next().value!);
    }
  }

  oldest(): PendingBundle | undefined {
    for (const name of this.#names) {
      try {
        return { name, text: Deno.readTextFileSync(`${this.#path}/${name}`) };
      } catch {
        this.#names.delete(name); // another program has removed it
      }
    }
    return undefined;
  }

  remove(name: string): void {
    this.#names.delete(name);
    try {
      Deno.removeSync(`${this.#path}/${name}`);
    } catch {
      // It is gone already.
    }
  }
}

function unavailable(path: string, cause: unknown): UnavailableError {
  return new UnavailableError(`Cannot write ${path}: ${reasonOf(cause)}`, { cause });
}
