import assert from "node:assert/strict";
import type { Flag, Topic } from "../../src/config/flag.ts";
import { Secret } from "../../src/config/secret.ts";
import { checkText } from "../../src/config/values.ts";

/** A number's flag by its key in the settings: the lowest and the highest value. */
export type NumberLimits = Readonly<Record<string, readonly [min: number, max: number]>>;

/** Returns the flag of a key. */
export function flagOf({ rows }: Topic, key: string): Flag {
  const flag = rows[key];
  assert(flag, `There is no flag for ${key}`);
  return flag;
}

/** Whether the flag of a key accepts a text. */
export function accepts(topic: Topic, key: string, text: string | number): boolean {
  return "value" in checkText(flagOf(topic, key), String(text));
}

/** Returns the default of each flag that has one by its key, and a secret as plain text. */
export function defaultsOf({ rows }: Topic): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rows).flatMap(([key, flag]) => {
      const value = flag.default;
      return value === undefined ? [] : [[key, value instanceof Secret ? value.reveal() : value]];
    }),
  );
}

/** Asserts that each number accepts both its limits and nothing beyond; all numbers must be listed. */
export function assertNumberLimits(topic: Topic, limits: NumberLimits): void {
  const numbers = Object.entries(topic.rows).filter(([, { kind }]) => /^(int|float)$/.test(kind));
  assert.deepEqual(Object.keys(limits).toSorted(), numbers.map(([key]) => key).toSorted());
  for (const [key, [min, max]] of Object.entries(limits)) {
    for (const value of [min, max]) {
      assert.equal(accepts(topic, key, value), true, `${key} ${value}`);
    }
    for (const value of [min - 1, max + 1]) {
      assert.equal(accepts(topic, key, value), false, `${key} ${value}`);
    }
  }
}
