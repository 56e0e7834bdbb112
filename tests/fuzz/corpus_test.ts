import assert from "node:assert/strict";
import { Random } from "../support/random.ts";
import { defectOf, type FuzzTarget } from "./fuzzer.ts";
import { mutate } from "./mutate.ts";
import { FUZZ_TARGETS, readCorpus } from "./targets.ts";

/** Mutations of the corpus that run; `scripts/fuzz` runs more. */
const MUTATIONS = 300;

for (const [name, target] of Object.entries<FuzzTarget>(FUZZ_TARGETS)) {
  Deno.test(`the fuzz target ${name} accepts its corpus and ${MUTATIONS} mutations of it`, async () => {
    const corpus = readCorpus(name);
    assert(corpus.length > 0);
    const inputs = [...target.seeds(), ...corpus];
    const random = new Random(1);
    const pick = () => inputs[Math.floor(random.uniform() * inputs.length)]!;
    const dictionary = (target.dictionary ?? []).map((text) => new TextEncoder().encode(text));
    const { maxBytes } = target;
    const mutated = Array.from(
      { length: MUTATIONS },
      () => mutate(pick(), random, { other: pick(), dictionary, maxBytes }),
    );
    for (const input of [...inputs.map((bytes) => Uint8Array.from(bytes)), ...mutated]) {
      assert.equal(await defectOf(target, input), undefined, input.toHex());
    }
  });
}
