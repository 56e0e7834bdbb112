import assert from "node:assert/strict";
import { extent, mean, median, standardDeviation } from "../../../src/base/statistics.ts";

Deno.test("mean(), standardDeviation() and median() are right for odd and even lengths", () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.equal(mean(Float64Array.of(1, 2)), 1.5);
  assert.equal(standardDeviation([2, 4, 4, 4, 5, 5, 7, 9]), 2);
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

Deno.test("mean(), standardDeviation() and median() are NaN for an empty list", () => {
  for (const statistic of [mean, standardDeviation, median]) assert.equal(statistic([]), NaN);
});

Deno.test("extent() is the least and the greatest of any number of values", () => {
  assert.deepEqual(extent([3, -1, 2]), [-1, 3]);
  // As many as would overflow the stack as arguments of Math.max().
  assert.deepEqual(extent(Float64Array.from({ length: 1_000_000 }, (_, k) => k)), [0, 999_999]);
  assert.deepEqual(extent([]), [Infinity, -Infinity]);
});
