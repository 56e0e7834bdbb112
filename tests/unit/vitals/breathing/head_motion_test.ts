import assert from "node:assert/strict";
import { isHeadMotion } from "../../../../src/vitals/breathing/head_motion.ts";

Deno.test("isHeadMotion() is true if the head moves in phase with the chest and as far", () => {
  const chest = Float64Array.from({ length: 300 }, (_, k) => Math.sin(2 * Math.PI * 0.25 * k / 10));
  const segment = { chest, endUs: 3e7, sampleRateHz: 10, motionFraction: 0, changingFraction: 1 };
  const window = { rate: 15, seconds: 30 };
  const noseAt = (ratio: number) => chest.map((value) => ratio * value);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(1) }, window), true);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(1.9) }, window), true);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(0.4) }, window), false);
  assert.equal(isHeadMotion({ ...segment, nose: noseAt(-1) }, window), false);
  assert.equal(isHeadMotion(segment, window), false);
});

Deno.test("isHeadMotion() needs 0.8 of the motion of the chest and a correlation of 0.3", () => {
  const wave = (phase: number) =>
    Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 0.25 * k / 10 + phase));
  const chest = wave(0);
  const segment = { chest, endUs: 6e7, sampleRateHz: 10, motionFraction: 0, changingFraction: 1 };
  const isMotion = (nose: Float64Array) =>
    isHeadMotion({ ...segment, nose }, { rate: 15, seconds: 60 });
  assert.equal(isMotion(chest.map((value) => 0.79 * value)), false);
  assert.equal(isMotion(chest.map((value) => 0.81 * value)), true);
  // The correlation of two sines is the cosine of the phase between them.
  assert.equal(isMotion(wave(Math.acos(0.285))), false);
  assert.equal(isMotion(wave(Math.acos(0.315))), true);
});

Deno.test("isHeadMotion() considers the window of the rate only", () => {
  const chest = Float64Array.from({ length: 600 }, (_, k) => Math.sin(2 * Math.PI * 0.25 * k / 10));
  const nose = chest.map((value, k) => (k < 300 ? value : 0.1 * value));
  const segment = { chest, endUs: 6e7, sampleRateHz: 10, motionFraction: 0, changingFraction: 1 };
  assert.equal(isHeadMotion({ ...segment, nose }, { rate: 15, seconds: 29 }), false);
  assert.equal(isHeadMotion({ ...segment, nose }, { rate: 15, seconds: 60 }), false);
  const later = chest.map((value, k) => (k < 300 ? 0.1 * value : value));
  assert.equal(isHeadMotion({ ...segment, nose: later }, { rate: 15, seconds: 29 }), true);
});

Deno.test("isHeadMotion() considers 0.6 to 1.8 times the rate, up to 1.2 Hz", () => {
  const wave = (hz: number, amplitude: number) =>
    Float64Array.from({ length: 600 }, (_, k) => amplitude * Math.sin(2 * Math.PI * hz * k / 10));
  /** The chest breathes, and the head moves with another rhythm of the chest. */
  const isMotion = (rateHz: number, otherHz: number, amplitude = 1.2) => {
    const [breath, other] = [wave(rateHz, 1), wave(otherHz, amplitude)];
    const chest = breath.map((value, k) => value + other[k]!);
    const segment = { chest, endUs: 6e7, sampleRateHz: 10, motionFraction: 0, changingFraction: 1 };
    return isHeadMotion({ ...segment, nose: other }, { rate: 60 * rateHz, seconds: 60 });
  };
  for (const ratio of [0.75, 1.4]) assert.equal(isMotion(0.25, 0.25 * ratio, 2), true, `${ratio}`);
  for (const ratio of [0.35, 3]) assert.equal(isMotion(0.25, 0.25 * ratio, 2), false, `${ratio}`);
  // At 0.6 Hz the limit is 1.2 Hz, not 1.08 Hz; at 0.67 Hz 1.2 Hz are the upper limit.
  assert.equal(isMotion(0.66, 1, 2), true);
  assert.equal(isMotion(0.66, 2.4, 2), false);
});
