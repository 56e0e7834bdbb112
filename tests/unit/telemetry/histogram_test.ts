import assert from "node:assert/strict";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Histogram } from "../../../src/telemetry/histogram.ts";

Deno.test("Histogram.observe() adds to cumulative buckets, the sum and the count", () => {
  const counters = new Counters();
  const histogram = new Histogram(counters, "wait_ms", { bounds: [2, 10] });
  for (const value of [1, 5, 50]) histogram.observe(value);
  const inBucket = (le: string) => counters.get("wait_ms_bucket", { le });
  assert.deepEqual([inBucket("2"), inBucket("10"), inBucket("+Inf")], [1, 2, 3]);
  assert.equal(counters.get("wait_ms_sum"), 56);
  assert.equal(counters.get("wait_ms_count"), 3);
  histogram.observe(2);
  assert.equal(inBucket("2"), 2, "a bound belongs to its bucket");
});
