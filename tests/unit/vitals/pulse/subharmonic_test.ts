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
  for (const amplitude of [1e-4, 1, 1e4]) {
    assert.equal(subharmonicDb(sine(1).map((value) => amplitude * value), options), -30);
  }
});

Deno.test("subharmonicDb() examines a half and a third of the frequency, and no quarter", () => {
  const strengthAt = (divisor: number) => {
    const signal = sine(1.6).map((value, k) => value + 2 * sine(1.6 / divisor)[k]!);
    return subharmonicDb(signal, { frequencyHz: 1.6, sampleRateHz: SAMPLE_RATE_HZ });
  };
  // An amplitude ratio of 2 is 6 dB.
  for (const divisor of [2, 3]) assert.ok(Math.abs(strengthAt(divisor) - 6) < 0.3, `${divisor}`);
  assert.ok(strengthAt(4) < -10, `${strengthAt(4)}`);
});

Deno.test("subharmonicDb() counts a peak up to 0.06 Hz from the exact subharmonic", () => {
  const strengthAt = (offsetHz: number) => {
    const signal = sine(1.6).map((value, k) => value + 2 * sine(0.8 + offsetHz)[k]!);
    return subharmonicDb(signal, { frequencyHz: 1.6, sampleRateHz: SAMPLE_RATE_HZ });
  };
  for (const offsetHz of [-0.06, 0.06]) assert.ok(strengthAt(offsetHz) > 5, `${offsetHz}`);
  for (const offsetHz of [-0.09, 0.09]) assert.equal(strengthAt(offsetHz), -30, `${offsetHz}`);
});

Deno.test("subharmonicDb() counts a peak that falls to under a half within 0.1 Hz", () => {
  // The power of a sine under a Hann window of T seconds falls at 0.1 Hz by this factor.
  const fallOf = (seconds: number) => {
    const bins = 0.1 * seconds;
    return ((Math.PI * bins * (1 - bins ** 2)) / Math.sin(Math.PI * bins)) ** 2;
  };
  const strengthIn = (seconds: number) => {
    const signal = Float64Array.from(
      { length: seconds * SAMPLE_RATE_HZ },
      (_, k) =>
        Math.sin((2 * Math.PI * 2 * k) / SAMPLE_RATE_HZ) +
        2 * Math.sin((2 * Math.PI * 1 * k) / SAMPLE_RATE_HZ),
    );
    return subharmonicDb(signal, { frequencyHz: 2, sampleRateHz: SAMPLE_RATE_HZ });
  };
  assert.ok(fallOf(7) > 1.9 && fallOf(7) < 1.95 && fallOf(7.4) > 2.03 && fallOf(7.4) < 2.1);
  assert.equal(strengthIn(7), -30);
  assert.ok(strengthIn(7.4) > 5, `${strengthIn(7.4)}`);
});
