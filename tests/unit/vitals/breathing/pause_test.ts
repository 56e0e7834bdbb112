import assert from "node:assert/strict";
import type { ChestSegment } from "../../../../src/vitals/breathing/chest_track.ts";
import { BreathingPause } from "../../../../src/vitals/breathing/pause.ts";

const SAMPLE_RATE_HZ = 10;
const DEPTH = 0.01;
const BREATH = { rate: 15, amplitude: DEPTH } as const;

/** Thirty seconds of a chest position, in breaths' depths. */
function segmentOf(position: (seconds: number) => number): ChestSegment {
  const chest = Float64Array.from(
    { length: 30 * SAMPLE_RATE_HZ },
    (_, k) => DEPTH * position(k / SAMPLE_RATE_HZ),
  );
  return {
    chest,
    sampleRateHz: SAMPLE_RATE_HZ,
    endUs: 30_000_000,
    motionFraction: 0,
    changingFraction: 1,
  };
}

/** Breaths of a period until a time, and then a position that rises slowly. */
const breathing = (periodS: number, untilS: number, risePerS = 0) => (seconds: number) =>
  seconds < untilS
    ? 0.5 * Math.sin(2 * Math.PI * (seconds - untilS) / periodS)
    : risePerS * (seconds - untilS);

const isPaused = (segment: ChestSegment, breath = BREATH as { rate: number; amplitude: number }) =>
  new BreathingPause().detect(segment, breath);

Deno.test("BreathingPause detects that the chest is still for 0.8 of a breath's period", () => {
  for (const [stillS, paused] of [[0, false], [2, false], [3.6, true], [8, true]] as const) {
    assert.equal(isPaused(segmentOf(breathing(4, 30 - stillS))), paused, `${stillS} s`);
  }
});

Deno.test("BreathingPause needs at least 3 s, and at most 7 s", () => {
  const fast = { rate: 40, amplitude: DEPTH }, slow = { rate: 4, amplitude: DEPTH };
  assert.equal(isPaused(segmentOf(breathing(1.5, 30 - 2)), fast), false);
  assert.equal(isPaused(segmentOf(breathing(1.5, 30 - 4)), fast), true);
  assert.equal(isPaused(segmentOf(breathing(15, 30 - 4)), slow), false);
  assert.equal(isPaused(segmentOf(breathing(15, 30 - 8)), slow), true);
});

Deno.test("BreathingPause allows motion of 0.35 of a breath's depth while the chest is still", () => {
  // The chest rises for the 3.2 s that are checked.
  assert.equal(isPaused(segmentOf(breathing(4, 20, 0.3 / 3.2))), true);
  assert.equal(isPaused(segmentOf(breathing(4, 20, 0.4 / 3.2))), false);
});

Deno.test("BreathingPause ends when the chest moves by 0.65 of the depth before the pause", () => {
  for (const [depth, paused] of [[0.6, true], [0.75, false]] as const) {
    const pause = new BreathingPause();
    assert.equal(pause.detect(segmentOf(breathing(4, 20)), BREATH), true);
    // The analysis of the pause itself finds shallow breaths, which are no measure.
    const shallow = { rate: 15, amplitude: 0.1 * DEPTH };
    const rising = segmentOf(breathing(4, 20, depth / 3.2));
    assert.equal(pause.detect(rising, shallow), paused, `${depth}`);
  }
});

Deno.test("BreathingPause needs breaths before it, and forgets them with a reset", () => {
  const still = segmentOf(() => 0);
  const pause = new BreathingPause();
  assert.equal(pause.detect(still, undefined), false);
  assert.equal(pause.detect(still, BREATH), true);
  assert.equal(pause.detect(still, undefined), true);
  pause.reset();
  assert.equal(pause.detect(still, undefined), false);
});
