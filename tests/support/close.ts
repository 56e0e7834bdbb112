import assert from "node:assert/strict";

/** Asserts that two arrays have the same length and differ by at most `error` in each value. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, error: number) {
  assert.equal(actual.length, expected.length);
  for (let k = 0; k < actual.length; k++) {
    assert.ok(
      Math.abs(actual[k]! - expected[k]!) <= error,
      `value ${k} is ${actual[k]}: expected ${expected[k]}`,
    );
  }
}
