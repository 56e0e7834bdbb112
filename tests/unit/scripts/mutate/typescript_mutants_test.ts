import assert from "node:assert/strict";
import { applyMutant } from "../../../../scripts/mutate/mutant.ts";
import { typescriptMutants } from "../../../../scripts/mutate/typescript_mutants.ts";

/** The mutated versions of one line, each with its operator. */
function mutate(text: string): [operator: string, text: string][] {
  return typescriptMutants("src/room/file.ts", text)
    .map((mutant) => [mutant.operator, applyMutant(text, mutant)]);
}

Deno.test("typescriptMutants() turns comparisons, logic and arithmetic around", () => {
  assert.deepEqual(mutate("f = a < b && c - d;"), [
    ["logic", "f = a < b || c - d;"],
    ["comparison", "f = a >= b && c - d;"],
    ["arithmetic", "f = a < b && c + d;"],
  ]);
});

Deno.test("typescriptMutants() doubles numbers, and makes 0 to 1", () => {
  assert.deepEqual(mutate("x = [0, 1_000, 0.35];"), [
    ["number", "x = [1, 1_000, 0.35];"],
    ["number", "x = [0, 2000, 0.35];"],
    ["number", "x = [0, 1_000, 0.7];"],
  ]);
});

Deno.test("typescriptMutants() drops calls that stand alone, awaited or not", () => {
  assert.deepEqual(mutate("timer.dispose();"), [["call", ";"]]);
  assert.deepEqual(mutate("await link.close();"), [["call", ";"]]);
});

Deno.test("typescriptMutants() negates conditions, flags and signs", () => {
  assert.deepEqual(mutate("if (ready) x = -y;"), [
    ["condition", "if (!(ready)) x = -y;"],
    ["sign", "if (ready) x = y;"],
  ]);
  assert.deepEqual(mutate("x = true;"), [["boolean", "x = false;"]]);
});

Deno.test("typescriptMutants() exchanges extremes and leaves out unit conversions", () => {
  assert.deepEqual(mutate("x = Math.min(a, msToUs(b));"), [
    ["extreme", "x = Math.max(a, msToUs(b));"],
    ["unit", "x = Math.min(a, (b));"],
  ]);
});

Deno.test("typescriptMutants() changes no types, imports, messages or log lines", () => {
  assert.deepEqual(mutate('import x from "x";\ntype A = 1 | 2;\ninterface B { c: 3 }'), []);
  assert.deepEqual(mutate("throw new Error(`Cannot use ${a + 1}`);"), []);
  assert.deepEqual(mutate('this.#log.warn("Slow", { seconds: us / 1e6 });'), []);
  assert.deepEqual(mutate('x = "a" + b;'), []);
});
