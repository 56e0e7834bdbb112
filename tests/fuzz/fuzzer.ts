import { Random } from "../support/random.ts";
import { Coverage } from "./coverage.ts";
import { mutate } from "./mutate.ts";

/** A parser of untrusted bytes. */
export interface FuzzTarget {
  /** URLs of the scripts whose coverage guides the search. */
  readonly scripts: RegExp;
  readonly maxBytes: number;
  /** Valid inputs, from which the search starts beside the corpus. */
  readonly seeds: () => readonly Uint8Array[];
  /** Tokens of the format. */
  readonly dictionary?: readonly string[];
  /** Parses an input. Throws if it finds a defect; errors that the parser documents are none. */
  readonly run: (input: Uint8Array<ArrayBuffer>) => void | Promise<void>;
}

export interface FuzzOptions {
  readonly corpus: readonly Uint8Array[];
  readonly seed: number;
  /** Returns true when the search ends. */
  readonly isDone: (executions: number) => boolean;
}

export interface FuzzResult {
  readonly executions: number;
  /** Characters of the sources that have run. */
  readonly covered: number;
  /** The shortest inputs that cover as much. */
  readonly corpus: readonly Uint8Array<ArrayBuffer>[];
  /** The input that revealed a defect. */
  readonly finding?: { readonly input: Uint8Array<ArrayBuffer>; readonly error: unknown };
}

/** Inputs that run between two measurements of the coverage, which take half a millisecond. */
const BATCH = 16;
/** A slower input is a defect, in milliseconds. Chosen: the machine may be busy. */
const MAX_MS = 5000;

/** Mutates inputs and keeps those that reach new code, until one reveals a defect. */
export async function fuzz(
  target: FuzzTarget,
  { corpus, seed, isDone }: FuzzOptions,
): Promise<FuzzResult> {
  using coverage = await Coverage.start(target.scripts);
  const search = new Search(target, coverage);
  const random = new Random(seed);
  const dictionary = (target.dictionary ?? []).map((text) => new TextEncoder().encode(text));
  const kept = await search.select([...target.seeds(), ...corpus, new Uint8Array(1)]);
  const pick = () => kept[Math.floor(random.uniform() * kept.length)]!;
  while (!search.finding && !isDone(search.executions)) {
    const batch = Array.from(
      { length: BATCH },
      () => mutate(pick(), random, { other: pick(), dictionary, maxBytes: target.maxBytes }),
    );
    for (const input of batch) await search.run(input);
    if (await coverage.update() === 0) continue;
    coverage.undo();
    kept.push(...await search.select(batch));
  }
  const { covered } = coverage;
  coverage.clear();
  return {
    executions: search.executions,
    covered,
    corpus: search.finding ? kept : await search.select(kept),
    ...search.finding && { finding: search.finding },
  };
}

class Search {
  executions = 0;
  finding: FuzzResult["finding"];
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;

  constructor(target: FuzzTarget, coverage: Coverage) {
    this.#target = target;
    this.#coverage = coverage;
  }

  async run(input: Uint8Array<ArrayBuffer>): Promise<void> {
    if (this.finding) return;
    this.executions++;
    const error = await defectOf(this.#target, input);
    if (error !== undefined) this.finding = { input, error };
  }

  /** Runs inputs, the shortest first, and returns those that reach new code. */
  async select(inputs: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>[]> {
    const reaching: Uint8Array<ArrayBuffer>[] = [];
    for (const bytes of inputs.toSorted((a, b) => a.length - b.length)) {
      const input = Uint8Array.from(bytes);
      await this.run(input);
      if (await this.#coverage.update() > 0) reaching.push(input);
    }
    return reaching;
  }
}

/** Runs one input; returns the error that reveals a defect. */
export async function defectOf(
  target: FuzzTarget,
  input: Uint8Array<ArrayBuffer>,
): Promise<unknown> {
  const start = performance.now();
  try {
    await target.run(input);
  } catch (error) {
    return error;
  }
  const ms = performance.now() - start;
  return ms > MAX_MS ? new Error(`it took ${Math.round(ms)} ms`) : undefined;
}
