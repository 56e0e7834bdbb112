import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesGlob } from "../../../src/base/glob.ts";

Deno.test("matchesGlob() agrees with a regular expression for any pattern and text", () => {
  const characters = (of: string) => fc.string({ unit: fc.constantFrom(...of), maxLength: 12 });
  fc.assert(
    fc.property(characters("ab*?."), characters("ab."), (pattern, text) => {
      const source = pattern.replaceAll(".", "\\.").replaceAll("?", ".").replaceAll("*", ".*");
      assert.equal(matchesGlob(pattern, text), new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("matchesGlob() takes little time for a pattern of many asterisks", () => {
  const startMs = performance.now();
  for (let round = 0; round < 100; round++) {
    assert.equal(matchesGlob("*a".repeat(100) + "b", "a".repeat(200)), false);
  }
  assert(performance.now() - startMs < 5000);
});
