import assert from "node:assert/strict";
import {
  BIT_RATE_PER_STEP,
  DEGRADATION_STEP,
  frameRateFactorFor,
  quantizerScaleFor,
} from "../../../src/frames/degradation.ts";

Deno.test("quantizerScaleFor() starts at 1 and grows by a similar factor with each step", () => {
  assert.equal(quantizerScaleFor(0), 1);
  for (let degradation = 0.1; degradation <= 1; degradation += 0.1) {
    const ratio = quantizerScaleFor(degradation) / quantizerScaleFor(degradation - 0.1);
    assert.ok(ratio > 1.3 && ratio < 1.5, `${ratio}`);
  }
});

Deno.test("quantizerScaleFor() is exponential from 1 to 32, and frameRateFactorFor() linear from 1 to 0.1", () => {
  const cases = [[0, 1, 1], [0.2, 2, 0.82], [0.6, 8, 0.46], [1, 32, 0.1]] as const;
  for (const [degradation, scale, factor] of cases) {
    assert.ok(Math.abs(quantizerScaleFor(degradation) - scale) < 1e-9, `${degradation}`);
    assert.ok(Math.abs(frameRateFactorFor(degradation) - factor) < 1e-9, `${degradation}`);
  }
});

Deno.test("BIT_RATE_PER_STEP is the product of frame rate and size of a frame, over all steps", () => {
  const steps = 1 / DEGRADATION_STEP;
  assert.equal(steps, Math.round(steps));
  // The bytes of a JPEG fall about with the square root of its quantizers.
  const bitRate = frameRateFactorFor(1) / Math.sqrt(quantizerScaleFor(1));
  const ratio = BIT_RATE_PER_STEP ** steps / bitRate;
  assert.ok(ratio > 0.8 && ratio < 1.25, `${ratio}`);
});
