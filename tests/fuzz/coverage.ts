import { Session } from "node:inspector";

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

/** Which characters of the sources have run, counted by V8 for each block (`node:inspector`). */
export class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #scripts: RegExp;
  readonly #seen = new Map<string, Uint8Array<ArrayBuffer>>();
  /** What the last update added. */
  #added: [seen: Uint8Array, offset: number][] = [];
  #covered = 0;

  private constructor(scripts: RegExp) {
    this.#scripts = scripts;
  }

  /**
   * Starts counting in the scripts whose URL matches. Functions that ran before are counted as a whole,
   * not by their blocks.
   */
  static async start(scripts: RegExp): Promise<Coverage> {
    const coverage = new Coverage(scripts);
    coverage.#session.connect();
    await coverage.#post("Profiler.enable");
    await coverage.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return coverage;
  }

  /** Number of characters of the sources that have run. */
  get covered(): number {
    return this.#covered;
  }

  /** Returns the number of characters that have run for the first time since the last call. */
  async update(): Promise<number> {
    this.#added = [];
    const { result } = await this.#post("Profiler.takePreciseCoverage") as {
      result: readonly ScriptCoverage[];
    };
    for (const { url, functions } of result) {
      if (this.#scripts.test(url)) { for (const { ranges } of functions) this.#add(url, ranges); }
    }
    this.#covered += this.#added.length;
    return this.#added.length;
  }

  /** Takes the last update back. */
  undo(): void {
    for (const [seen, offset] of this.#added) seen[offset] = 0;
    this.#covered -= this.#added.length;
    this.#added = [];
  }

  /** Starts anew. */
  clear(): void {
    this.#seen.clear();
    this.#covered = 0;
    this.#added = [];
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  /** Adds the blocks of one function; the first is the whole, later ones are nested in earlier ones. */
  #add(url: string, ranges: readonly Range[]): void {
    const [whole] = ranges;
    if (!whole || whole.count === 0) return;
    const ran = new Uint8Array(whole.endOffset - whole.startOffset);
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset - whole.startOffset, endOffset - whole.startOffset);
    }
    let seen = this.#seen.get(url);
    if (!seen || seen.length < whole.endOffset) {
      const larger = new Uint8Array(2 * whole.endOffset);
      larger.set(seen ?? []);
      for (const each of this.#added) if (each[0] === seen) each[0] = larger;
      this.#seen.set(url, seen = larger);
    }
    for (let at = 0; at < ran.length; at++) {
      const offset = whole.startOffset + at;
      if (ran[at] === 0 || seen[offset] === 1) continue;
      seen[offset] = 1;
      this.#added.push([seen, offset]);
    }
  }

  #post(method: string, parameters?: object): Promise<unknown> {
    return new Promise((resolve, reject) =>
      this.#session.post(
        method,
        parameters,
        (error, result) => error ? reject(error) : resolve(result),
      )
    );
  }
}
