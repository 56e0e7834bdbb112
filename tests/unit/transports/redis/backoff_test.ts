import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs } from "../../../../src/transports/redis/backoff.ts";

Deno.test("backoffMs() doubles up to the cap, with jitter in the upper half", () => {
  assert.deepEqual([1, 2, 3].map((attempt) => backoffMs(attempt, { random: 1 })), [50, 100, 200]);
  assert.equal(backoffMs(1, { random: 0 }), 25);
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), (attempt) => {
    const ms = backoffMs(attempt);
    assert.ok(ms >= 25 && ms <= 1000);
  }));
});
