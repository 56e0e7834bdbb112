import assert from "node:assert/strict";
import { breathingConfidence } from "../../../../src/vitals/breathing/confidence.ts";
import {
  BREATHING_FEATURES,
  type BreathingFeature,
} from "../../../../src/vitals/breathing/evidence.ts";

const recordOf = (value: (index: number) => number) =>
  Object.fromEntries(BREATHING_FEATURES.map((name, index) => [name, value(index)])) as Record<
    BreathingFeature,
    number
  >;

Deno.test("breathingConfidence() is the logistic function of the weighted sum of all features", () => {
  const features = recordOf((index) => index + 1);
  // With weights of 0.1 the sum of 1 to n is n·(n + 1)/20.
  const count = BREATHING_FEATURES.length;
  for (const intercept of [-3, 0, 1]) {
    const logit = intercept + (count * (count + 1)) / 20;
    const found = breathingConfidence(features, { intercept, weights: recordOf(() => 0.1) });
    assert.ok(Math.abs(Math.log(found / (1 - found)) - logit) < 1e-9, `${found}`);
  }
  const zero = { intercept: 0, weights: recordOf(() => 0) };
  assert.equal(breathingConfidence(features, zero), 0.5);
});
