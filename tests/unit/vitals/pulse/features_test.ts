import assert from "node:assert/strict";
import {
  agreementOf,
  halfWindowOffsetHz,
  marginDb,
  prominenceDb,
} from "../../../../src/vitals/pulse/features.ts";
import { SAMPLE_RATE_HZ as sampleRateHz, sine } from "../../../support/synthetic_signals.ts";
import { USUAL_BAND } from "../../../../src/vitals/pulse/rate_band.ts";

const BIN_HZ = 0.005;

/** A spectrum of 0 to 5 Hz that is `floor` except at these frequencies. */
function spectrumOf(peaks: readonly (readonly [hz: number, power: number])[], floor = 0) {
  const power = new Float64Array(1000).fill(floor);
  for (const [hz, value] of peaks) power[Math.round(hz / BIN_HZ)] = value;
  return { power, binHz: BIN_HZ };
}
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} instead of ${expected}`);

Deno.test("agreementOf() is the weight of the other signals within 3 beats/min", () => {
  const shareOf = (hz: number) =>
    agreementOf([
      { frequencyHz: 2.2, weight: 9 },
      { frequencyHz: 1.2, weight: 1 },
      { frequencyHz: hz, weight: 3 },
    ], 1.2);
  assert.equal(shareOf(1.2 + 0.0499), 1);
  assert.equal(shareOf(1.2 - 0.0499), 1);
  assert.equal(shareOf(1.2 + 0.0501), 0.25);
  assert.equal(shareOf(1.2 - 0.0501), 0.25);
  assert.equal(agreementOf([{ frequencyHz: 1.2, weight: 1 }], 1.2), 0);
});

Deno.test("marginDb() compares with peaks that are neither within 0.1 Hz nor the harmonic", () => {
  const best = { frequencyHz: 1.2, harmonicSum: 10 };
  const marginWith = (hz: number) =>
    marginDb(spectrumOf([[1.2, 10], [hz, 1]]), best, USUAL_BAND.search);
  // Without another peak, the margin has its upper limit.
  for (const hz of [1.105, 1.295, 2.21, 2.59]) near(marginWith(hz), 30);
  for (const hz of [1.095, 1.305, 2.19, 2.61]) near(marginWith(hz), 10);
});

Deno.test("prominenceDb() compares with the power from 0.2 to 0.6 Hz beside the candidate", () => {
  const withPower = (hz: number) => prominenceDb(spectrumOf([[1.5, 100], [hz, 1e4]], 1), 1.5);
  const alone = withPower(4);
  near(alone, 20);
  for (const hz of [0.92, 1.29, 1.71, 2.08]) assert.ok(withPower(hz) < 10, `${hz}`);
  for (const hz of [0.88, 1.31, 1.69, 2.12]) near(withPower(hz), alone);
});

Deno.test("halfWindowOffsetHz() is the larger offset of both halves, at most 1 Hz", () => {
  const offset = (firstHz: number, secondHz: number) => {
    const [first, second] = [sine(firstHz), sine(secondHz)];
    const bvp = first.map((value, k) => (k < 150 ? value : second[k]!));
    return halfWindowOffsetHz(bvp, { frequencyHz: 1.2, sampleRateHz, search: USUAL_BAND.search });
  };
  assert.ok(offset(1.2, 1.2) < 0.03, `${offset(1.2, 1.2)}`);
  assert.ok(Math.abs(offset(1.2, 2) - 0.8) < 0.03, `${offset(1.2, 2)}`);
  assert.ok(Math.abs(offset(1.8, 1.2) - 0.6) < 0.03, `${offset(1.8, 1.2)}`);
  assert.equal(offset(1.2, 2.4), 1);
});
