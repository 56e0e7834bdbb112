import assert from "node:assert/strict";
import { NEGATIVES } from "../../../../scripts/fit/negatives.ts";
import { PulseEstimator } from "../../../../src/vitals/pulse/estimator.ts";
import { faceSamples } from "../../../support/face_samples.ts";
import { Random } from "../../../support/random.ts";

/** Excluded kind: a broad spectral peak is a loose rhythm, which resembles a pulse by its nature. */
const LOOSE_RHYTHM = "one signal, a broad spectral peak";

Deno.test("PulseEstimator publishes under one in a hundred windows of input without a pulse", () => {
  let windows = 0;
  const published: string[] = [];
  for (const [kind, { name, make }] of NEGATIVES.entries()) {
    if (name === LOOSE_RHYTHM) continue;
    for (let index = 0; index < 2; index++) {
      const estimator = new PulseEstimator();
      let nextUs = 10e6;
      for (const sample of make(new Random(3_000_000 + 1_000 * kind + index), 25)) {
        estimator.push(sample);
        const { strict } = estimator.estimate();
        if (sample.timeUs < nextUs) continue;
        nextUs += 1e6;
        windows++;
        if (strict) published.push(`${name}: ${strict.value}`);
      }
    }
  }
  assert.ok(NEGATIVES.some(({ name }) => name === LOOSE_RHYTHM));
  assert.ok(windows > 900, `${windows}`);
  assert.ok(published.length < 0.01 * windows, published.join("\n"));
});

Deno.test("PulseEstimator publishes every window of a clear pulse", () => {
  for (const [seed, pulse] of [45, 60, 72, 90, 120, 165].entries()) {
    const estimator = new PulseEstimator();
    for (const sample of faceSamples({ pulse: () => pulse, noise: 0.1, seed, seconds: 40 })) {
      estimator.push(sample);
      const { strict, withheld } = estimator.estimate();
      if (sample.timeUs < 5e6) continue;
      assert.ok(strict, `${pulse} after ${sample.timeUs / 1e6} s: ${withheld}`);
      assert.ok(Math.abs(strict.value - pulse) < 1, `${strict.value} instead of ${pulse}`);
    }
  }
});

Deno.test("PulseEstimator needs a confidence of 0.9 at twice the breathing rate", () => {
  const windows = { confident: 0, uncertain: 0 };
  for (const noise of [0.1, 0.9, 1.2]) {
    for (let seed = 0; seed < 6; seed++) {
      const [reference, breathing] = [new PulseEstimator(), new PulseEstimator()];
      for (const sample of faceSamples({ pulse: () => 56, noise, seed, seconds: 15 })) {
        reference.push(sample);
        breathing.push(sample);
        const { strict } = reference.estimate();
        const estimate = breathing.estimate({ breathsPerMinute: 28.3 });
        // Assessments are twice as frequent while no rate is published.
        const sameWindow = reference.assessment?.timeUs === breathing.assessment?.timeUs;
        if (!strict || !sameWindow || Math.abs(strict.value - 56) > 2) continue;
        if (strict.confidence >= 0.9) {
          windows.confident++;
          assert.ok(estimate.strict);
        } else {
          windows.uncertain++;
          assert.equal(estimate.withheld, "motion");
        }
      }
    }
  }
  assert.ok(windows.confident > 100 && windows.uncertain > 10, JSON.stringify(windows));
});

Deno.test("PulseEstimator clamps a rate just outside the range and withholds one further out", () => {
  const last = (pulse: number) => {
    const estimator = new PulseEstimator();
    for (const sample of faceSamples({ pulse: () => pulse, seconds: 12 })) estimator.push(sample);
    return estimator.estimate();
  };
  assert.equal(last(39.7).strict?.value, 40);
  assert.equal(last(180.3).strict?.value, 180);
  for (const pulse of [38.5, 182]) assert.equal(last(pulse).withheld, "low_quality", `${pulse}`);
});
