import assert from "node:assert/strict";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Health } from "../../../src/telemetry/health.ts";
import { Histogram } from "../../../src/telemetry/histogram.ts";
import { ManualClock } from "../../support/manual_clock.ts";

Deno.test("health is made of ages: what stops is missed after its limit, and named", async () => {
  const clock = new ManualClock();
  const health = new Health(clock);
  const limits = { frame: 2, acknowledgement: 5 };
  assert.equal(health.judge(limits).healthy, true);
  health.note("frame");
  await clock.advance(3000);
  health.note("acknowledgement");
  assert.deepEqual(health.judge(limits), {
    healthy: false,
    agesS: { frame: 3, acknowledgement: 0 },
    reasons: ["No frame has been captured for 3.0 s"],
  });
});

Deno.test("a sign that never came is missed once the start has had its time", async () => {
  const clock = new ManualClock();
  const health = new Health(clock);
  await clock.advance(10_001);
  assert.deepEqual(health.judge({ metric: 10 }).reasons, [
    "No core metrics have been made for 10.0 s",
  ]);
});

Deno.test("a histogram's buckets are cumulative", () => {
  const counters = new Counters();
  const histogram = new Histogram(counters, "wait_ms", { bounds: [2, 10] });
  for (const value of [1, 5, 50]) histogram.observe(value);
  const inBucket = (le: string) => counters.get("wait_ms_bucket", { le });
  assert.deepEqual([inBucket("2"), inBucket("10"), inBucket("+Inf")], [1, 2, 3]);
  assert.equal(counters.get("wait_ms_sum"), 56);
});
