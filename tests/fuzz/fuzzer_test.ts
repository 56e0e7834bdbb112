import assert from "node:assert/strict";
import { fuzz, type FuzzTarget } from "./fuzzer.ts";

/** A parser with a defect behind two bytes, each in a block of its own. */
function parse(bytes: Uint8Array): void {
  if (bytes[0] === 0x4e) {
    if (bytes[1] === 0x75) throw new RangeError("planted");
  }
}

/** A parser that no other test runs: V8 counts the blocks of functions that have not run before. */
function parseOther(bytes: Uint8Array): void {
  let kind = "none";
  if (bytes[0] === 0x4e) {
    kind = "first";
    if (bytes[1] === 0x75) kind = "second";
  }
  assert(kind !== "third");
}

const target: Omit<FuzzTarget, "run"> = {
  scripts: /fuzzer_test\.ts/,
  maxBytes: 2,
  seeds: () => [new Uint8Array(2)],
};

Deno.test("fuzz() finds a defect behind two bytes, as the coverage leads to it", async () => {
  const result = await fuzz({ ...target, run: parse }, {
    corpus: [],
    seed: 1,
    isDone: (executions) => executions > 20_000, // a third of the pairs
  });
  assert.match(String(result.finding?.error), /planted/);
  assert.deepEqual([...result.finding!.input.subarray(0, 2)], [0x4e, 0x75]);
});

Deno.test("fuzz() returns the shortest inputs that reach as much as all together", async () => {
  const corpus = [[0x4e, 0, 0, 0, 0], [0x4e], [0x4e, 0x75, 9, 9], [1], [0x4e, 0x75]];
  const { corpus: kept } = await fuzz({ ...target, run: parseOther }, {
    corpus: corpus.map((bytes) => Uint8Array.from(bytes)),
    seed: 1,
    isDone: () => true,
  });
  assert.deepEqual(kept.map((bytes) => [...bytes]), [[0x4e], [0x4e, 0x75]]);
});
