import type { FuzzTarget } from "./fuzzer.ts";
import { envelopes } from "./targets/envelopes.ts";
import { nut } from "./targets/nut.ts";
import { resp } from "./targets/resp.ts";
import { spool } from "./targets/spool.ts";

/** The parsers in TypeScript that read untrusted bytes, by the names of `scripts/fuzz`. */
export const FUZZ_TARGETS = { envelopes, nut, resp, spool } satisfies Record<string, FuzzTarget>;

/** Folder of the inputs that a target keeps: together they reach all that was ever reached. */
export function corpusFolder(name: string): string {
  return new URL(`corpus/${name}`, import.meta.url).pathname;
}

/** Reads the corpus of a target; empty if there is none. */
export function readCorpus(name: string): Uint8Array<ArrayBuffer>[] {
  const folder = corpusFolder(name);
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort()
      .map((file) => Deno.readFileSync(`${folder}/${file}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
