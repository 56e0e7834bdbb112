import assert from "node:assert/strict";
import fc from "fast-check";
import { JsonError, parseJsonDocument } from "../../../src/base/json_document.ts";

function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof JsonError) return `${error.line}:${error.column} ${error.message}`;
    throw error;
  }
  return "no error";
}

Deno.test("parseJsonDocument() returns what JSON.parse() returns", () => {
  fc.assert(fc.property(fc.json(), fc.constantFrom(0, 2), (json, indent) => {
    const text = JSON.stringify(JSON.parse(json), undefined, indent);
    const expected = JSON.parse(text);
    const node = parseJsonDocument(text);
    assert.deepEqual(node.value, expected);
    if (Array.isArray(expected)) assert.deepEqual(node.items.map(({ value }) => value), expected);
    else if (typeof expected === "object" && expected !== null) {
      const members = [...node.members].map(([key, { value }]) => [key, value.value]);
      assert.deepEqual(Object.fromEntries(members), expected);
    }
  }));
});

Deno.test("JsonNode.error() has the line and the column of the value", () => {
  const node = parseJsonDocument('{\n  "a": [1,\n    {"b": "x,]"}, "c"]\n}');
  const list = node.object().require("a").list();
  const inObject = list[1]!.object().require("b");
  assert.equal(
    errorOf(() => inObject.number([0, 1])),
    '3:11 it must be a number from 0 to 1: current value is "x,]"',
  );
  assert.equal(
    errorOf(() => list[2]!.boolean()),
    '3:19 it must be true or false: current value is "c"',
  );
});

Deno.test("JsonObject.refuseOthers() names the nearest known key", () => {
  const object = parseJsonDocument('{"name": 1, "dwel_s": 2}').object();
  object.get("name");
  object.get("dwell_s");
  assert.equal(
    errorOf(() => object.refuseOthers()),
    '1:13 unknown key "dwel_s": did you mean "dwell_s"?',
  );
});

Deno.test("parseJsonDocument() rejects what JSON.parse() rejects", () => {
  const piece = fc.constantFrom(..."{}[],:", '"a"', '"b', "1", "-", "01", "true", " ", "\n", "\\");
  fc.assert(fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
    const text = pieces.join("");
    const accepts = (parse: (text: string) => unknown) => {
      try {
        parse(text);
        return true;
      } catch {
        return false;
      }
    };
    // A repeated key is the only difference.
    if (!text.includes('"a"')) assert.equal(accepts(parseJsonDocument), accepts(JSON.parse));
    else assert.ok(!accepts(parseJsonDocument) || accepts(JSON.parse));
  }));
});

const WRONG: readonly [text: string, error: string][] = [
  ['{\n"a": }', "2:6 it is not valid JSON: a value is expected here"],
  ['{"a": 1,}', "1:9 it is not valid JSON: a key in double quotes is expected here"],
  ["{a: 1}", "1:2 it is not valid JSON: a key in double quotes is expected here"],
  ["[1 2]", "1:4 it is not valid JSON: a comma or ] is expected here"],
  ['{"a" 1}', "1:6 it is not valid JSON: a colon is expected here"],
  ['{"a": "b', "1:7 it is not valid JSON: a value is expected here"],
  ["{} {}", "1:4 it is not valid JSON: the end of the text is expected here"],
  ["", "1:1 it is not valid JSON: a value is expected here"],
  ['{"a": 1,\n"a": 2}', '2:1 the key "a" is there twice'],
  ["[".repeat(40) + "]".repeat(40), "1:34 it is nested too deeply"],
];
for (const [text, error] of WRONG) {
  Deno.test(`parseJsonDocument() rejects a text: ${error}`, () => {
    assert.equal(errorOf(() => parseJsonDocument(text)), error);
  });
}

Deno.test("JsonNode shows the first 57 characters of a value of more than 60", () => {
  const messageOf = (text: string) =>
    errorOf(() => parseJsonDocument(JSON.stringify(text)).number([0, 1]));
  const [short, long] = ["x".repeat(58), "x".repeat(59)];
  assert.ok(messageOf(short).endsWith(`current value is "${short}"`));
  assert.ok(messageOf(long).endsWith(`current value is "${"x".repeat(56)}...`));
});
