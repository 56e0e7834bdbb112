import assert from "node:assert/strict";
import { parseCsv } from "../../../src/validation/csv.ts";

Deno.test("parseCsv() reads rows of trimmed cells, without empty lines", () => {
  assert.deepEqual(parseCsv("\uFEFFa, b ,c\r\n1,,3\r\n\n4,5,"), [
    ["a", "b", "c"],
    ["1", "", "3"],
    ["4", "5", ""],
  ]);
  assert.deepEqual(parseCsv(""), []);
  assert.deepEqual(parseCsv("a\nb"), [["a"], ["b"]]);
});

Deno.test("parseCsv() reads quoted cells with commas, quotes and newlines", () => {
  assert.deepEqual(parseCsv('a,"b,c","d ""e"" f"\n"g\nh",,"i"\n'), [
    ["a", "b,c", 'd "e" f'],
    ["g\nh", "", "i"],
  ]);
});
