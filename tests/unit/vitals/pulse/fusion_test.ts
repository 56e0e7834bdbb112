import assert from "node:assert/strict";
import { fuse } from "../../../../src/vitals/pulse/fusion.ts";
import { noisySine, SAMPLE_RATE_HZ as sampleRateHz } from "../../../support/synthetic_signals.ts";

Deno.test("fuse() finds the rate that most signals share, even if another signal is stronger", () => {
  const signals = [
    ...[1, 2, 3].map((seed) => ({
      name: `signal ${seed}`,
      bvp: noisySine({ hz: 1.3, noise: 1, seed }),
    })),
    { name: "outlier", bvp: noisySine({ hz: 2.2, noise: 0.8, seed: 4 }) },
  ];
  const candidate = fuse(signals, { sampleRateHz })!;
  assert.ok(Math.abs(candidate.frequencyHz - 1.3) < 0.02, `${candidate.frequencyHz}`);
  assert.ok(candidate.features.agreement > 0.4);
  assert.equal(candidate.features.hasCoherence, 0);
});

Deno.test("fuse() returns undefined without signals, and for constant and empty signals", () => {
  assert.equal(fuse([], { sampleRateHz }), undefined);
  assert.equal(
    fuse([{ name: "constant", bvp: new Float64Array(300).fill(5) }], { sampleRateHz }),
    undefined,
  );
  assert.equal(
    fuse([{ name: "gaps only", bvp: new Float64Array(300).fill(NaN) }], { sampleRateHz }),
    undefined,
  );
});
