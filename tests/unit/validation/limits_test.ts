import assert from "node:assert/strict";
import { UsageError } from "../../../src/base/errors.ts";
import { missedLimits } from "../../../src/validation/limits.ts";
import type { Summary } from "../../../src/validation/statistics.ts";

const NONE = { maxMae: 0, maxP95: 0, minCoverage: 0, maxCalibrationError: 0 };
const WITHOUT_REFERENCE: Summary = { n: 0, published: 3, windows: 10 };
const PULSE: Summary = {
  n: 10,
  coverage: 0.5,
  mae: 2,
  p95: 4,
  calibration_error: 0.2,
  published: 5,
  windows: 10,
};
/** Better than the pulse in everything. */
const BREATHING: Summary = {
  ...PULSE,
  coverage: 0.9,
  mae: 0.1,
  p95: 0.1,
  calibration_error: 0.01,
};

const missed = (limits: Partial<typeof NONE>, pulse = PULSE, breathing = BREATHING) =>
  missedLimits({ pulse, breathing }, { ...NONE, ...limits });

Deno.test("missedLimits() reports nothing without limits", () => {
  assert.deepEqual(missed({}), []);
  assert.deepEqual(missed({}, WITHOUT_REFERENCE, WITHOUT_REFERENCE), []);
});

/** A limit that is met exactly, one that is missed, and the sentence for the latter. */
const LIMITS: readonly (readonly [keyof typeof NONE, number, number, string])[] = [
  ["maxMae", 2, 1.8, "pulse: mean absolute error is 2.000, over the limit of 1.8"],
  ["maxP95", 4, 3.6, "pulse: 95th percentile is 4.000, over the limit of 3.6"],
  ["maxCalibrationError", 0.2, 0.18, "pulse: calibration error is 0.200, over the limit of 0.18"],
  ["minCoverage", 0.5, 0.55, "pulse: coverage is 0.500, under the limit of 0.55"],
];
for (const [name, met, tooStrict, sentence] of LIMITS) {
  Deno.test(`missedLimits() applies ${name} to each vital sign with a reference`, () => {
    assert.deepEqual(missed({ [name]: met }), []);
    assert.deepEqual(missed({ [name]: tooStrict }), [sentence]);
    assert.deepEqual(missed({ [name]: tooStrict }, WITHOUT_REFERENCE), []);
    assert.deepEqual(missed({ [name]: tooStrict }, BREATHING, PULSE), [
      sentence.replace("pulse", "breathing"),
    ]);
  });

  Deno.test(`missedLimits() reports ${name} as missed if no value was published`, () => {
    const silent: Summary = { n: 10, published: 0, windows: 10 };
    const [only, ...others] = missed({ [name]: tooStrict }, silent);
    assert.match(only ?? "", /^pulse: .* is unknown, (over|under) the limit/);
    assert.deepEqual(others, []);
  });

  Deno.test(`missedLimits() throws for ${name} without a reference`, () => {
    assert.throws(
      () => missed({ [name]: met }, WITHOUT_REFERENCE, WITHOUT_REFERENCE),
      (error) => error instanceof UsageError && /limit without a reference/.test(error.message),
    );
  });
}

Deno.test("missedLimits() reports every missed limit", () => {
  const all = { maxMae: 0.05, maxP95: 0.05, maxCalibrationError: 0.005, minCoverage: 1 };
  assert.equal(missed(all).length, 8);
});
