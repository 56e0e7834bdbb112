import assert from "node:assert/strict";
import { Health } from "../../../src/telemetry/health.ts";
import { ManualClock } from "../../support/manual_clock.ts";

Deno.test("Health.evaluate() names each event whose age exceeds its limit", async () => {
  const clock = new ManualClock();
  const health = new Health(clock);
  const limits = { frame: 2, acknowledgement: 5 };
  assert.equal(health.evaluate(limits).healthy, true);
  health.record("frame");
  await clock.advance(3000);
  health.record("acknowledgement");
  assert.deepEqual(health.evaluate(limits), {
    healthy: false,
    agesS: { frame: 3, acknowledgement: 0 },
    reasons: ["No frame has been captured for 3.0 s"],
  });
});

Deno.test("Health.evaluate() counts the age of an event that never happened from the start", async () => {
  const clock = new ManualClock();
  const health = new Health(clock);
  await clock.advance(10_001);
  assert.deepEqual(health.evaluate({ metric: 10 }).reasons, [
    "No core metrics have been produced for 10.0 s",
  ]);
});
