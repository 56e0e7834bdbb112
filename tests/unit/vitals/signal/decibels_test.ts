import assert from "node:assert/strict";
import { decibels } from "../../../../src/vitals/signal/decibels.ts";

Deno.test("decibels() is ten times the decimal logarithm of a ratio of powers, from minDb on", () => {
  for (const [ratio, db] of [[100, 20], [1, 0], [0.01, -20], [1.1e-3, -29.586], [0.9e-3, -30]]) {
    assert.ok(Math.abs(decibels(ratio!, { minDb: -30 }) - db!) < 1e-3, `${ratio}`);
  }
  for (const ratio of [0, -1, NaN]) assert.equal(decibels(ratio, { minDb: -30 }), -30);
  assert.equal(decibels(0.25, { minDb: -6 }), -6);
});
