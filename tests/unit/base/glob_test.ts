import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesGlob } from "../../../src/base/glob.ts";

const CASES: readonly [pattern: string, text: string, matches: boolean][] = [
  ["*", "", true],
  ["*", "bed-1", true],
  ["bed-1", "bed-1", true],
  ["bed-1", "bed-10", false],
  ["ward-a-*", "ward-a-3", true],
  ["ward-a-*", "ward-b-3", false],
  ["*-b-*", "ward-a-b-3", true],
  ["bed-?", "bed-1", true],
  ["bed-?", "bed-", false],
  ["bed-[1-3]", "bed-2", true],
  ["bed-[3-1]", "bed-2", true],
  ["bed-[1-3]", "bed-4", false],
  ["bed-[^1-3]", "bed-4", true],
  ["bed-[^1-3]", "bed-1", false],
  ["bed-[a\\]]", "bed-]", true],
  ["bed-\\*", "bed-*", true],
  ["bed-\\*", "bed-1", false],
  ["bed.1", "bed-1", false],
  ["", "", true],
  ["", "a", false],
];

for (const [pattern, text, matches] of CASES) {
  Deno.test(`matchesGlob() ${matches ? "accepts" : "rejects"} "${text}" for "${pattern}"`, () => {
    assert.equal(matchesGlob(pattern, text), matches);
  });
}

Deno.test("matchesGlob() equals a regular expression for stars and question marks", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
  fc.assert(fc.property(pattern, text, (pattern, text) => {
    const regex = pattern.replaceAll("*", ".*").replaceAll("?", ".");
    assert.equal(matchesGlob(pattern, text), new RegExp(`^${regex}$`).test(text));
  }));
});

Deno.test("matchesGlob() takes no exponential time for many stars", () => {
  assert.equal(matchesGlob("*a".repeat(100) + "b", "a".repeat(200)), false);
});
