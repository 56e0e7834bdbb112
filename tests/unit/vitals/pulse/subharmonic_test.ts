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

Deno.test("subharmonicDb() counts a peak that is as narrow as its window allows, but no broad one", () => {
  /** A pulse at 2 Hz on something at 1 Hz that is present for part of the window. */
  const strengthOf = ({ seconds, present }: { seconds: number; present: number }) => {
    const signal = Float64Array.from({ length: seconds * SAMPLE_RATE_HZ }, (_, k) => {
      const t = k / SAMPLE_RATE_HZ;
      const slow = Math.exp(-(((t - seconds / 2) / present) ** 2)) * Math.sin(2 * Math.PI * t);
      return Math.sin(2 * Math.PI * 2 * t) + 4 * slow;
    });
    return subharmonicDb(signal, { frequencyHz: 2, sampleRateHz: SAMPLE_RATE_HZ });
  };
  for (const seconds of [5, 7, 10]) {
    const [steady, brief] = [{ seconds, present: 100 }, { seconds, present: 0.15 * seconds }];
    assert.ok(strengthOf(steady) > 11, `${seconds} s: ${strengthOf(steady)}`);
    assert.equal(strengthOf(brief), -30, `${seconds} s`);
  }
});
