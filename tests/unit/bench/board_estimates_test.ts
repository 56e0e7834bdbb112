import assert from "node:assert/strict";
import { BOARDS, coreShare, estimateMs } from "../../bench/board_estimates.ts";

const EXACT = { min: 1, max: 1 };
const range = (min: number, max = min) => ({ min, max });

Deno.test("estimateMs() divides the instructions by those per second in the benchmark", () => {
  // 1500 MIPS of 7-zip at a rating of 750 for 10⁹ instructions per second: 2·10⁹ per second.
  const ms = estimateMs({
    instructions: range(12e6),
    rating: range(1500),
    ratingPerBillion: 750,
    overestimate: EXACT,
  });
  assert.deepEqual(ms, { min: 6, max: 6 });
});

Deno.test("estimateMs() combines the limits of the factors in the least favorable way", () => {
  const ms = estimateMs({
    instructions: range(10e6, 12e6),
    rating: range(1000, 2000),
    ratingPerBillion: 1000,
    overestimate: range(1, 2),
  });
  assert.deepEqual(ms, { min: 2.5, max: 12 });
});

Deno.test("estimateMs() rejects limits that are not positive or not ordered", () => {
  const valid = {
    instructions: range(1e6),
    rating: range(1000),
    ratingPerBillion: 1000,
    overestimate: EXACT,
  };
  for (
    const [name, values] of [
      ["instructions", range(0, 1)],
      ["rating", range(2, 1)],
      ["overestimate", range(NaN, 1)],
    ] as const
  ) {
    assert.throws(
      () => estimateMs({ ...valid, [name]: values }),
      { name: "RangeError", message: new RegExp(`Cannot estimate: ${name} must be`) },
    );
  }
});

Deno.test("coreShare() is the time of the frames of a second", () => {
  assert.deepEqual(coreShare(range(5, 10), { fps: 30 }), { min: 0.15, max: 0.3 });
});

Deno.test("BOARDS have ordered ratings with their sources", () => {
  for (const { name, rating, sources } of BOARDS) {
    assert(rating.min > 1000 && rating.min <= rating.max && rating.max < 5000, name);
    assert(sources.length > 0, name);
  }
});
