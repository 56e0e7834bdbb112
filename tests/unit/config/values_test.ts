import assert from "node:assert/strict";
import {
  bool,
  choice,
  type Flag,
  float,
  int,
  list,
  optionalPath,
  optionalText,
  path,
  secret,
  text,
} from "../../../src/config/flag.ts";
import { NO_SECRET, Secret } from "../../../src/config/secret.ts";
import { checkJson, checkText, formatValue, requirement } from "../../../src/config/values.ts";

const FLAGS = {
  bool: bool("f", "Help."),
  int: int("f", "Help.", { default: 3, range: [-2, 5] }),
  float: float("f", "Help.", { default: 0.5, range: [0, 1] }),
  enum: choice("f", "Help.", { default: "one", choices: ["one", "Two"] }),
  text: text("f", "Help.", { default: "x" }),
  optional: optionalText("f", "Help."),
  pattern: optionalText("f", "Help.", { pattern: { regex: /^a+$/, description: "only a" } }),
  list: list("f", "Help."),
  path: path("f", "Help.", { default: "/x" }),
  secret: secret("f", "Help.", {
    default: NO_SECRET,
    secretFrom: { fileFlag: "f_file", credential: "f" },
  }),
};

function textOf(flag: Flag, input: string): unknown {
  const checked = checkText(flag, input);
  return "value" in checked ? checked.value : "rejected";
}

for (
  const [kind, inputs] of [
    ["bool", {
      true: true,
      TRUE: true,
      t: true,
      yes: true,
      y: true,
      1: true,
      false: false,
      f: false,
      no: false,
      n: false,
      0: false,
      "": "rejected",
      maybe: "rejected",
    }],
    ["int", {
      "-2": -2,
      "5": 5,
      "+4": 4,
      "-3": "rejected",
      "6": "rejected",
      "1.5": "rejected",
      "1e0": "rejected",
      "": "rejected",
      " 1": "rejected",
      "0x1": "rejected",
    }],
    ["float", {
      "0": 0,
      "1": 1,
      ".5": 0.5,
      "1.": 1,
      "+5e-1": 0.5,
      "-0.1": "rejected",
      "1.1": "rejected",
      "": "rejected",
      "NaN": "rejected",
      "5e-1000": "rejected",
    }],
    ["enum", { one: "one", ONE: "one", two: "Two", three: "rejected" }],
    ["text", { "a b": "a b", "": "", "a\0b": "rejected" }],
    ["optional", { a: "a", "": undefined }],
    ["pattern", { aa: "aa", "": undefined, b: "rejected" }],
    ["path", { "/a": "/a" }],
  ] as const
) {
  Deno.test(`checkText() converts the texts of a flag of the kind ${kind}`, () => {
    for (const [input, value] of Object.entries(inputs)) {
      assert.deepEqual(textOf(FLAGS[kind], input), value, JSON.stringify(input));
    }
  });
}

Deno.test("checkText() splits a list at commas, without spaces and empty parts, and freezes it", () => {
  const value = textOf(FLAGS.list, " a, b ,,c");
  assert.deepEqual(value, ["a", "b", "c"]);
  assert.ok(Object.isFrozen(value));
  assert.deepEqual(textOf(FLAGS.list, ""), []);
});

Deno.test("checkText() hides a secret", () => {
  const value = textOf(FLAGS.secret, "hunter2");
  assert(value instanceof Secret);
  assert.equal(value.reveal(), "hunter2");
});

Deno.test("checkJson() accepts values of the type of the flag alone", () => {
  const isAccepted = (flag: Flag, value: unknown) => "value" in checkJson(flag, value);
  assert.equal(isAccepted(FLAGS.bool, "true"), false);
  assert.equal(isAccepted(FLAGS.bool, false), true);
  assert.equal(isAccepted(FLAGS.int, "3"), false);
  assert.equal(isAccepted(FLAGS.list, ["a"]), true);
  assert.equal(isAccepted(FLAGS.list, "a"), false);
  assert.equal(isAccepted(FLAGS.text, null), false);
});

Deno.test("checkJson() accepts texts of 64 KiB and lists of 1000 texts, and no larger ones", () => {
  for (
    const [flag, value, accepted] of [
      [FLAGS.text, "x".repeat(65_536), true],
      [FLAGS.text, "x".repeat(65_537), false],
      [FLAGS.list, Array(1000).fill("x"), true],
      [FLAGS.list, Array(1001).fill("x"), false],
    ] as const
  ) {
    assert.equal("value" in checkJson(flag, value), accepted);
  }
});

for (
  const [kind, words] of [
    ["bool", "true or false"],
    ["int", "an integer from -2 to 5"],
    ["float", "a number from 0 to 1"],
    ["enum", "one of one, Two"],
    ["text", "a text"],
    ["pattern", "only a"],
    ["list", "a list of texts"],
    ["path", "a path"],
    ["secret", "a text"],
  ] as const
) {
  Deno.test(`requirement() of a flag of the kind ${kind} is "${words}"`, () => {
    assert.equal(requirement(FLAGS[kind]), words);
  });
}

Deno.test("formatValue() formats values for the command line, and masks secrets", () => {
  assert.equal(formatValue(undefined), "");
  assert.equal(formatValue(["a", "b"]), "a,b");
  assert.equal(formatValue(0.5), "0.5");
  assert.equal(formatValue(new Secret("hunter2")), "***");
  assert.equal(formatValue(optionalPath("f", "Help.").default), "");
});
