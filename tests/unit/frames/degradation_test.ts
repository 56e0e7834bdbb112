import assert from "node:assert/strict";
import { quantizerScaleFor } from "../../../src/frames/degradation.ts";

Deno.test("quantizerScaleFor() starts at 1 and grows by a similar factor with each step", () => {
  assert.equal(quantizerScaleFor(0), 1);
  for (let degradation = 0.1; degradation <= 1; degradation += 0.1) {
    const ratio = quantizerScaleFor(degradation) / quantizerScaleFor(degradation - 0.1);
    assert.ok(ratio > 1.3 && ratio < 1.5, `${ratio}`);
  }
});
