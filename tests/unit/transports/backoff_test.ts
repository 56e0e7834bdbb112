import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs } from "../../../src/transports/backoff.ts";
import { fixedRandom } from "../../support/fixed_random.ts";

Deno.test("backoffMs() doubles up to the cap, with jitter in the upper half", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 60].map((attempt) => backoffMs(attempt, { random: 1 }));
  assert.deepEqual(delays, [50, 100, 200, 400, 500, 500, 500, 500]);
  assert.deepEqual([0, 0.5].map((random) => backoffMs(1, { random })), [25, 38]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), (attempt) => {
    const ms = backoffMs(attempt);
    assert.ok(ms >= 25 && ms <= 500);
  }));
});

Deno.test("backoffMs() takes the first delay, the cap and the jitter from its options", () => {
  const options = { firstMs: 10, capMs: 35, random: 1 };
  assert.deepEqual([1, 2, 3].map((attempt) => backoffMs(attempt, options)), [10, 20, 35]);
  using _random = fixedRandom(0);
  assert.equal(backoffMs(1), 25);
});

Deno.test("backoffMs() stays finite without a cap, however many attempts have failed", () => {
  const delays = [31, 32, 5000].map((attempt) =>
    backoffMs(attempt, { firstMs: 1, capMs: Infinity, random: 1 })
  );
  assert.deepEqual(delays, [2 ** 30, 2 ** 30, 2 ** 30]);
});
