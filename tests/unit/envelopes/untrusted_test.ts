import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_DEPTH, parseUntrusted } from "../../../src/envelopes/untrusted.ts";

Deno.test("parseUntrusted() parses what JSON.parse() parses up to its depth, whatever the strings hold", () => {
  const tricky = fc.array(fc.constantFrom('"', "\\", "[", "]", "{", "}", "a")).map((parts) =>
    parts.join("")
  );
  const value = fc.array(fc.dictionary(tricky, fc.oneof(tricky, fc.array(tricky))));
  fc.assert(fc.property(value, (value) => {
    assert.deepEqual(parseUntrusted(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
  }));
});

Deno.test("parseUntrusted() returns undefined for text that is invalid, too long or too deep", () => {
  const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.notEqual(parseUntrusted(deep(MAX_DEPTH)), undefined);
  for (const depth of [MAX_DEPTH + 1, 1_000_000]) {
    assert.equal(parseUntrusted(deep(depth), Infinity), undefined);
    assert.equal(parseUntrusted(`["\\\\",${deep(depth)}]`, Infinity), undefined);
  }
  assert.equal(parseUntrusted('"abc"', 4), undefined);
  assert.equal(parseUntrusted('"abc"', 5), "abc");
  for (const text of ["", '"', '"\\', "[", "{]"]) assert.equal(parseUntrusted(text), undefined);
});
