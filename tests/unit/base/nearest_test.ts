import assert from "node:assert/strict";
import fc from "fast-check";
import { nearest } from "../../../src/base/nearest.ts";

Deno.test("nearest() returns the candidate with the fewest changes", () => {
  const cases: [string, string[], string | undefined][] = [
    ["redis", ["redis"], "redis"],
    ["redis", ["radix", "redas"], "redas"],
    ["redis", ["redas", "radix"], "redas"],
    ["redis", ["redas", "redos"], "redas"], // the first of equals
    ["kitten", ["sitting", "mitten"], "mitten"],
    ["redsi", ["redis"], "redis"], // neighbors exchanged
    ["", ["a"], "a"],
    ["", [], undefined],
    ["a", [], undefined],
  ];
  for (const [word, candidates, expected] of cases) {
    assert.equal(nearest(word, candidates), expected, word);
  }
});

Deno.test("nearest() allows changes in a third of the letters, and at least one", () => {
  const cases: [string, string, boolean][] = [
    ["ab", "ax", true],
    ["ab", "xy", false],
    ["abc", "abx", true],
    ["abc", "axx", false],
    ["abcde", "abcdx", true],
    ["abcde", "abcxx", false],
    ["abcdef", "abcdxx", true],
    ["abcdef", "abcxxx", false],
    ["abcdefghi", "abcdefxxx", true],
    ["abcdefghi", "abcdexxxx", false],
    ["abcdef", "abcd", true],
    ["abcdef", "abc", false],
    ["abcdef", "abcdefgh", true],
    ["abcdef", "xbcdefgh", false],
  ];
  for (const [word, candidate, expected] of cases) {
    assert.equal(
      nearest(word, [candidate]),
      expected ? candidate : undefined,
      `${word} ${candidate}`,
    );
  }
});

Deno.test("nearest() counts an insertion, a deletion, a change and an exchange as one", () => {
  for (const candidate of ["abxc", "xabc", "abcx", "ab", "bc", "ac", "axc", "xbc", "bac", "acb"]) {
    assert.equal(nearest("abc", [candidate]), candidate);
  }
  for (const candidate of ["cba", "bca", "cab", "axbcy", "a"]) {
    assert.equal(nearest("abc", [candidate]), undefined, candidate);
  }
  // An exchange with a letter between is two changes; two exchanges are two changes.
  assert.equal(nearest("abcdef", ["badcfe"]), undefined);
  assert.equal(nearest("abcdef", ["badcef"]), "badcef");
});

Deno.test("nearest() returns the shortest candidate that contains a word of three letters or more", () => {
  const candidates = ["redis_connection", "redis_port", "my_redis_host"];
  assert.equal(nearest("redis", candidates), "redis_port");
  assert.equal(nearest("port", candidates), "redis_port");
  assert.equal(nearest("red", candidates), "redis_port");
  assert.equal(nearest("re", candidates), undefined);
  assert.equal(nearest("nothing", candidates), undefined);
  assert.equal(nearest("host", [...candidates, "hast"]), "hast", "a similar one comes first");
});

/** Optimal string alignment by its recursive definition. */
function distance(a: string, b: string): number {
  if (a === "" || b === "") return a.length + b.length;
  const changed = a.at(-1) === b.at(-1) ? 0 : 1;
  const [shortA, shortB] = [a.slice(0, -1), b.slice(0, -1)];
  const exchanged = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)
    ? distance(a.slice(0, -2), b.slice(0, -2)) + 1
    : Infinity;
  return Math.min(
    distance(shortA, b) + 1,
    distance(a, shortB) + 1,
    distance(shortA, shortB) + changed,
    exchanged,
  );
}

Deno.test("nearest() agrees with the definition of the distance for short words", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(word, fc.array(word, { maxLength: 3 }), (text, candidates) => {
      const limit = Math.max(1, Math.floor(text.length / 3));
      const distances = candidates.map((candidate) => distance(text, candidate));
      const best = Math.min(...distances);
      const found = nearest(text, candidates);
      if (best <= limit) assert.equal(found, candidates[distances.indexOf(best)]);
      else assert.ok(found === undefined || found.includes(text));
    }),
    { numRuns: 300 },
  );
});
