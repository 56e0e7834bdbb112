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

Deno.test("Health.ageS() is in seconds since the last event, and undefined without one", async () => {
  const clock = new ManualClock();
  const health = new Health(clock);
  assert.equal(health.ageS("frame"), undefined);
  health.record("frame");
  await clock.advance(1500);
  assert.equal(health.ageS("frame"), 1.5);
  health.record("frame");
  assert.equal(health.ageS("frame"), 0);
});

Deno.test("Health.evaluate() accepts an event of exactly its limit, and checks none without a limit", async () => {
  const clock = new ManualClock();
  await clock.advance(5000);
  const health = new Health(clock);
  await clock.advance(2000);
  assert.equal(health.evaluate({ frame: 2 }).healthy, true);
  assert.equal(health.evaluate({}).healthy, true);
  await clock.advance(1);
  assert.equal(health.evaluate({ frame: 2 }).healthy, false);
  assert.equal(health.evaluate({}).healthy, true);
});
