import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ConfidenceModel,
  FEATURE_NAMES,
  type FeatureName,
  loadConfidenceModel,
  pulseConfidence,
} from "../../../../src/vitals/pulse/confidence.ts";

Deno.test("pulseConfidence() of a shipped model is a probability that grows with the evidence", () => {
  for (
    const [name, growing] of [
      ["confidence", ["snrDb", "prominenceDb", "amplitudeStabilityDb", "historyDb"]],
      ["confidence_with_network", ["snrDb", "historyDb", "networkLogOdds"]],
    ] as const
  ) assertGrows(loadConfidenceModel(name), growing);
});

function assertGrows(model: ConfidenceModel, growing: readonly FeatureName[]): void {
  const feature = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(...FEATURE_NAMES.map(() => feature)), feature, (values, more) => {
      const features = Object.fromEntries(
        FEATURE_NAMES.map((name, k) => [name, values[k]!]),
      ) as Record<FeatureName, number>;
      const p = pulseConfidence(features, model);
      assert.ok(p >= 0 && p <= 1);
      for (const name of growing) {
        const better = { ...features, [name]: features[name] + Math.abs(more) };
        assert.ok(pulseConfidence(better, model) >= p - 1e-12, name);
      }
    }),
  );
}

Deno.test("pulseConfidence() ignores features that the model does not use", () => {
  const model = { intercept: 1, weights: { snrDb: 0.5 }, ranges: { snrDb: [0, 10] } } as const;
  const features = recordOf(() => 4);
  assert.ok(Math.abs(pulseConfidence(features, model) - 1 / (1 + Math.exp(-3))) < 1e-12);
});

const recordOf = <Value>(value: (index: number) => Value) =>
  Object.fromEntries(FEATURE_NAMES.map((name, index) => [name, value(index)])) as Record<
    FeatureName,
    Value
  >;

Deno.test("pulseConfidence() is the logistic function of the weighted sum of all features", () => {
  const ranges = recordOf(() => [-100, 100] as const);
  const logitOf = (intercept: number, value: number) => {
    const model = { intercept, weights: recordOf((index) => index / 100), ranges };
    const confidence = pulseConfidence(recordOf(() => value), model);
    return Math.log(confidence / (1 - confidence));
  };
  // With weights of 0, 0.01 and so on.
  const sum = (FEATURE_NAMES.length * (FEATURE_NAMES.length - 1)) / 200;
  for (const [intercept, value] of [[0, 0], [1, 2], [-2, 3]] as const) {
    assert.ok(Math.abs(logitOf(intercept, value) - intercept - value * sum) < 1e-9);
  }
});

Deno.test("pulseConfidence() limits each feature to the range of the model", () => {
  const model = {
    intercept: 0,
    weights: recordOf(() => 0.1),
    ranges: recordOf(() => [-2, 3] as const),
  };
  const confidenceOf = (value: number) => pulseConfidence(recordOf(() => value), model);
  assert.equal(confidenceOf(-2.2), confidenceOf(-2));
  assert.ok(confidenceOf(-1.8) > confidenceOf(-2));
  assert.equal(confidenceOf(3.3), confidenceOf(3));
  assert.ok(confidenceOf(2.7) < confidenceOf(3));
});
