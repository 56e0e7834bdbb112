import assert from "node:assert/strict";
import { RttEstimator } from "../../../../src/delivery/congestion/rtt.ts";

Deno.test("RttEstimator.minUs is the smallest sample, and 0 without one", () => {
  const rtt = new RttEstimator();
  assert.equal(rtt.minUs, 0);
  for (const [sampleUs, minUs] of [[500, 500], [700, 500], [300, 300]] as const) {
    rtt.addSample(sampleUs, 1);
    assert.equal(rtt.minUs, minUs);
  }
  rtt.reset();
  assert.equal(rtt.minUs, 0);
  rtt.addSample(900, 2);
  assert.equal(rtt.minUs, 900);
});

Deno.test("RttEstimator.minUs keeps a sample for one to two windows of 5 s", () => {
  const rtt = new RttEstimator();
  rtt.addSample(100, 0);
  rtt.addSample(200, 5_000_000);
  assert.equal(rtt.minUs, 100);
  rtt.addSample(200, 5_000_001);
  assert.equal(rtt.minUs, 100, "in the previous window");
  rtt.addSample(300, 10_000_001);
  assert.equal(rtt.minUs, 100);
  rtt.addSample(300, 10_000_002);
  assert.equal(rtt.minUs, 200);
  rtt.addSample(300, 15_000_003);
  assert.equal(rtt.minUs, 300);
});
