import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FEATURE_NAMES,
  type FeatureName,
  loadConfidenceModel,
  pulseConfidence,
} from "../../../../src/vitals/pulse/confidence.ts";

Deno.test("pulseConfidence() of the shipped model is a probability that grows with the evidence", () => {
  const model = loadConfidenceModel();
  const feature = fc.double({ min: -50, max: 50, noNaN: true });
  fc.assert(
    fc.property(fc.tuple(...FEATURE_NAMES.map(() => feature)), feature, (values, more) => {
      const features = Object.fromEntries(
        FEATURE_NAMES.map((name, k) => [name, values[k]!]),
      ) as Record<FeatureName, number>;
      const p = pulseConfidence(features, model);
      assert.ok(p >= 0 && p <= 1);
      for (const name of ["snrDb", "prominenceDb", "amplitudeStabilityDb", "historyDb"] as const) {
        const better = { ...features, [name]: features[name] + Math.abs(more) };
        assert.ok(pulseConfidence(better, model) >= p - 1e-12, name);
      }
    }),
  );
});
