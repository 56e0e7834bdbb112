import assert from "node:assert/strict";

/** Asserts that two arrays are equal up to `error` in each value. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, error: number) {
  assert.equal(actual.length, expected.length);
  for (let k = 0; k < actual.length; k++) {
    assert.ok(
      Math.abs(actual[k]! - expected[k]!) <= error,
      `at ${k}: ${actual[k]} is not ${expected[k]}`,
    );
  }
}
