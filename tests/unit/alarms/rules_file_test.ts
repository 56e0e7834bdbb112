import assert from "node:assert/strict";
import { ConfigError } from "../../../src/base/errors.ts";
import { parseRules, readRulesFile } from "../../../src/alarms/rules_file.ts";

/** The example of the documents. */
const EXAMPLE = `{
  "rules": [
    {"name": "pulse_high", "vital": "pulse", "above": 120, "priority": "high", "dwell_s": 10,
     "hysteresis": 3, "devices": ["*"]},
    {"name": "breathing_low", "vital": "breathing", "below": 8, "priority": "high"},
    {"name": "apnea", "condition": "apnea", "priority": "high", "dwell_s": 0, "group": "ward-a"},
    {"name": "silent", "condition": "silent", "after_s": 10, "priority": "medium"},
    {"name": "no_value", "condition": "no_trusted_value", "vital": "pulse", "priority": "low"},
    {"name": "camera", "condition": "status", "status": ["CAMERA_DISCONNECTED", "PICTURE_FROZEN"]}
  ],
  "groups": {"ward-a": ["ward-a-*", "bed-7"]},
  "min_confidence": 0.7
}`;

Deno.test("parseRules() reads every kind of rule, with defaults", () => {
  const every = ["*"];
  assert.deepEqual(parseRules(EXAMPLE), {
    groups: new Map([["ward-a", ["ward-a-*", "bed-7"]]]),
    rules: {
      minConfidence: 0.7,
      rules: [
        {
          name: "pulse_high",
          priority: "high",
          devices: every,
          condition: "limit",
          vital: "pulse",
          above: 120,
          hysteresis: 3,
          dwellS: 10,
        },
        {
          name: "breathing_low",
          priority: "high",
          devices: every,
          condition: "limit",
          vital: "breathing",
          below: 8,
          hysteresis: 1,
          dwellS: 10,
        },
        {
          name: "apnea",
          priority: "high",
          devices: ["ward-a-*", "bed-7"],
          condition: "apnea",
          dwellS: 0,
        },
        { name: "silent", priority: "medium", devices: every, condition: "silent", afterS: 10 },
        {
          name: "no_value",
          priority: "low",
          devices: every,
          condition: "no_trusted_value",
          vital: "pulse",
          afterS: 300,
        },
        {
          name: "camera",
          priority: "medium",
          devices: every,
          condition: "status",
          statuses: ["CAMERA_DISCONNECTED", "PICTURE_FROZEN"],
          dwellS: 5,
        },
      ],
    },
  });
});

function messageOf(text: string): string {
  try {
    readRulesFile("rules.json", () => text);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "no error";
}

const rule = (text: string) => `{"rules": [\n{"name": "a", ${text}}\n]}`;
const WRONG: readonly [text: string, message: string][] = [
  [
    rule(`"vital": "pulse", "abvoe": 120`),
    `2:33: unknown key "abvoe": did you mean "above"?`,
  ],
  [
    rule(`"condition": "apnea", "above": 120`),
    `2:37: unknown key "above": known keys are name, priority, devices, group, condition, dwell_s`,
  ],
  [rule(`"conditon": "apnea"`), `2:15: unknown key "conditon": did you mean "condition"?`],
  [rule(`"condition": "apnoea"`), `2:28: unknown value "apnoea": did you mean "apnea"?`],
  [rule(`"priority": "high"`), `2:1: a rule needs "vital" with a limit, or "condition"`],
  [rule(`"vital": "pulse"`), `2:1: the limit "above" or "below" is missing`],
  [
    rule(`"vital": "pulse", "above": 250`),
    `2:42: it must be a number from 30 to 220: current value is 250`,
  ],
  [
    rule(`"vital": "breathing", "above": 41`),
    `2:46: it must be a number from 4 to 40: current value is 41`,
  ],
  [
    rule(`"condition": "silent", "after_s": "5"`),
    `2:49: it must be a number from 1 to 86400: current value is "5"`,
  ],
  [
    rule(`"vital": "pulse", "above": 100, "below": 96`),
    `2:1: no pulse is within "above" 100 and "below" 96 with their hysteresis`,
  ],
  [
    rule(`"vital": "pulse", "above": 100},\n{"name": "b", "vital": "pulse", "below": 110`),
    `3:1: no pulse is within "above" 100 and "below" 110 with their hysteresis: see the rule "a"`,
  ],
  [
    rule(`"condition": "apnea"},\n{"name": "a", "condition": "silent"`),
    `3:1: the name "a" is there twice`,
  ],
  [
    rule(`"condition": "status", "status": ["CAMERA_DISCONECTED"]`),
    `2:49: unknown value "CAMERA_DISCONECTED": did you mean "CAMERA_DISCONNECTED"?`,
  ],
  [
    rule(`"condition": "apnea", "devices": ["bed 1"]`),
    `2:49: it must be the name of a device, or a pattern, without spaces: current value is "bed 1"`,
  ],
  [
    `{"rules": [{"name": "a", "condition": "apnea", "group": "ward-b"}],\n` +
    `"groups": {"ward-a": ["*"]}}`,
    `1:57: unknown value "ward-b": did you mean "ward-a"?`,
  ],
  [
    `{"rules": [{"name": "a", "condition": "apnea", "group": "ward-b"}]}`,
    `1:57: the group "ward-b" does not exist`,
  ],
  [
    `{"rules": [{"name": "a", "condition": "apnea", "group": "w", "devices": ["*"]}],\n` +
    `"groups": {"w": ["*"]}}`,
    `1:57: "devices" and "group" contradict each other: choose one`,
  ],
  [`{"rules": []}`, `1:11: it must be a list with at least one item: current value is []`],
  [`{"rule": []}`, `1:1: the key "rules" is missing`],
  [
    `{"rules": [{"name": "a", "condition": "apnea"}], "min_confidence": 7}`,
    `1:68: it must be a number from 0 to 1: current value is 7`,
  ],
  [
    `{"rules": [{"name": "a b", "condition": "apnea"}]}`,
    `1:21: it must be a name of 1 to 64 letters, digits, dots, hyphens or underscores: ` +
    `current value is "a b"`,
  ],
  [`[1,]`, `1:4: it is not valid JSON: a value is expected here`],
];
for (const [text, message] of WRONG) {
  Deno.test(`readRulesFile() rejects a file: ${message}`, () => {
    assert.equal(messageOf(text), `Cannot use the alarm rules rules.json:${message}`);
  });
}

Deno.test("readRulesFile() accepts limits of different devices that contradict each other", () => {
  const text = `{"rules": [
    {"name": "a", "vital": "pulse", "above": 100, "devices": ["bed-1"]},
    {"name": "b", "vital": "pulse", "below": 110, "devices": ["bed-2"]}]}`;
  assert.equal(messageOf(text), "no error");
});

Deno.test("readRulesFile() reports a file that is missing or too large", () => {
  assert.throws(
    () => readRulesFile("/nonexistent/rules.json"),
    /Cannot read the alarm rules \/nonexistent\/rules.json: no such file or directory/,
  );
  assert.match(messageOf(" ".repeat(1_048_577)), /larger than 1 MiB/);
});
