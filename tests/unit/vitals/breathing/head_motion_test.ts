import assert from "node:assert/strict";
import { isHeadMotion } from "../../../../src/vitals/breathing/head_motion.ts";

Deno.test("isHeadMotion() is true if the head moves in phase with the chest and as far", () => {
  const chest = Float64Array.from({ length: 300 }, (_, k) => Math.sin(2 * Math.PI * 0.25 * k / 10));
  const segment = { chest, endUs: 3e7, sampleRateHz: 10, motionFraction: 0, changingFraction: 1 };
  const window = { rate: 15, seconds: 30 };
  const noseAt = (ratio: number) => chest.map((value) => ratio * value);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(1) }, window), true);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(1.9) }, window), true);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(0.4) }, window), false);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(-1) }, window), false);
  assert.equal(isHeadMotion(segment, window), false);
});
