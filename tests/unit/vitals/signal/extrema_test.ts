import assert from "node:assert/strict";
import { findExtrema, refineExtremum } from "../../../../src/vitals/signal/extrema.ts";

/** Indices of the extrema; those of minima are negative. */
function extremaOf(values: readonly number[], hysteresis: number): number[] {
  return findExtrema(Float64Array.from(values), hysteresis)
    .map(({ index, isMaximum }) => (isMaximum ? index : -index));
}

Deno.test("findExtrema() returns maxima and minima in turn, without the ends of the signal", () => {
  assert.deepEqual(extremaOf([0, 4, 0, 4, 0], 3), [1, -2, 3]);
  assert.deepEqual(extremaOf([4, 0, 4, 0], 3), [-1, 2]);
  assert.deepEqual(extremaOf([4, 2, 0, -1.5, -2, 3], 3), [-4]);
  assert.deepEqual(extremaOf([-4, -2, 0, 1.5, 2, -3], 3), [4]);
  assert.deepEqual(extremaOf([0, 1, 2, 3], 1), []);
  assert.deepEqual(extremaOf([], 1), []);
});

Deno.test("findExtrema() ignores oscillations that are smaller than the hysteresis", () => {
  assert.deepEqual(extremaOf([0, 4, 1, 4, 0], 3), [1, -2, 3]);
  assert.deepEqual(extremaOf([0, 4, 1.3, 4, 0], 3), [1]);
  assert.deepEqual(extremaOf([9, 0, 3, 0, 9], 3), [-1, 2, -3]);
  assert.deepEqual(extremaOf([9, 0, 2.7, 0, 9], 3), [-1]);
  assert.deepEqual(extremaOf([0, 1, 0.5, 2, 1.8, 5, 4.9, 0], 3), [5]);
  assert.deepEqual(extremaOf([9, 8, 8.5, 3, 3.2, 0, 0.1, 9], 3), [-5]);
});

Deno.test("refineExtremum() finds the vertex of a parabola between samples", () => {
  const parabola = (vertex: number, sign: number) =>
    Float64Array.from({ length: 5 }, (_, k) => 3 + sign * (k - vertex) ** 2);
  for (const vertex of [1.6, 1.8, 2, 2.3, 2.4]) {
    for (const sign of [-2, 2]) {
      const refined = refineExtremum(parabola(vertex, sign), 2);
      assert.ok(Math.abs(refined - vertex) < 1e-12, `${refined} is not ${vertex}`);
    }
  }
});

Deno.test("refineExtremum() moves by up to half a sample, and not at the ends or in a line", () => {
  assert.equal(refineExtremum(Float64Array.of(0, 1, 10), 1), 0.5);
  assert.equal(refineExtremum(Float64Array.of(10, 1, 0), 1), 1.5);
  assert.equal(refineExtremum(Float64Array.of(1, 2, 3), 1), 1);
  assert.equal(refineExtremum(Float64Array.of(5, 1, 0), 0), 0);
  assert.equal(refineExtremum(Float64Array.of(0, 1, 5), 2), 2);
});
