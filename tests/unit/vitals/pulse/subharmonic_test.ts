import assert from "node:assert/strict";
import { subharmonicDb } from "../../../../src/vitals/pulse/subharmonic.ts";
import { SAMPLE_RATE_HZ, sine } from "../../../support/synthetic_signals.ts";

Deno.test("subharmonicDb() detects a harmonic of breathing, but not a pulse that is added to it", () => {
  const breathing = (hz: number) => sine(hz).map((value, k) => value + 0.4 * sine(2 * hz)[k]!);
  const options = { frequencyHz: 1, sampleRateHz: SAMPLE_RATE_HZ };
  // An amplitude ratio of 1 to 0.4 is 8 dB.
  assert.ok(Math.abs(subharmonicDb(breathing(0.5), options) - 8) < 0.5);
  const pulse = sine(1).map((value, k) => value + 3 * sine(0.25)[k]!);
  assert.ok(subharmonicDb(pulse, options) < -10);
  assert.ok(subharmonicDb(sine(1), options) < -20);
});
