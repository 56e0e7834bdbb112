import assert from "node:assert/strict";
import { ApneaDetector } from "../../../../src/vitals/breathing/apnea.ts";
import type { ChestSegment } from "../../../../src/vitals/breathing/chest_track.ts";

const RATE_HZ = 10;
const DEPTH = 0.004;

/** A segment of `seconds` whose position is a function of the time before its end. */
function segmentOf(
  position: (secondsBefore: number) => number,
  { seconds = 20, endUs = 100e6, ...parts }:
    & { seconds?: number; endUs?: number }
    & Partial<
      ChestSegment
    > = {},
): ChestSegment {
  const length = Math.round(seconds * RATE_HZ) + 1;
  return {
    chest: Float64Array.from({ length }, (_, k) => position((length - 1 - k) / RATE_HZ)),
    endUs,
    sampleRateHz: RATE_HZ,
    motionFraction: 0,
    changingFraction: 1,
    ...parts,
  };
}

/** A chest that breathes 15 times a minute by `depth`. */
const breathing = (depth: number) => (s: number) =>
  (depth / 2) * Math.sin((2 * Math.PI * 15 * s) / 60);
const STILL = () => 0;

/** A detector that has measured breaths of `DEPTH` ten seconds ago. */
function trained(): ApneaDetector {
  const detector = new ApneaDetector();
  const segment = segmentOf(breathing(DEPTH), { endUs: 90e6 });
  detector.detect(segment, { tracked: true, amplitude: DEPTH });
  return detector;
}
const TRACKED = { tracked: true } as const;

Deno.test("ApneaDetector.detect() needs ten seconds, and the usual depth of a breath", () => {
  assert.equal(new ApneaDetector().detect(segmentOf(STILL), TRACKED), undefined);
  assert.equal(trained().detect(segmentOf(STILL, { seconds: 9.9 }), TRACKED), undefined);
  assert.deepEqual(trained().detect(segmentOf(STILL, { seconds: 10 }), TRACKED), {
    timeUs: 100e6,
    detected: true,
    stable: true,
  });
});

Deno.test("ApneaDetector.detect() detects an apnea ten seconds after the last breath", () => {
  /** A chest that sank by the usual depth, within one second. */
  const exhaledBefore = (seconds: number) => (s: number) =>
    DEPTH * Math.max(0, Math.min(1, s - seconds));
  const detects = (seconds: number) =>
    trained().detect(segmentOf(exhaledBefore(seconds)), TRACKED)!.detected;
  assert.equal(detects(9), false);
  assert.equal(detects(10), true);
});

Deno.test("ApneaDetector.detect() counts breaths from 0.3 of the usual depth on", () => {
  const detects = (ratio: number) =>
    trained().detect(segmentOf(breathing(ratio * DEPTH)), TRACKED)!.detected;
  // The low-pass filter at 0.8 Hz hardly changes fifteen breaths a minute.
  assert.equal(detects(0.285), true);
  assert.equal(detects(0.315), false);
});

Deno.test("ApneaDetector.detect() counts motion within four seconds, and no slower drift", () => {
  // A chest that drifts by the depth of 0.3 breaths in this time.
  const detects = (seconds: number) =>
    trained().detect(segmentOf((s) => (0.3 * DEPTH * s) / seconds), TRACKED)!.detected;
  assert.equal(detects(3.8), false);
  assert.equal(detects(4.2), true);
});

Deno.test("ApneaDetector.detect() is stable only if the chest is tracked, at rest and in a changing image", () => {
  const cases = [
    [{}, true, true],
    [{}, false, false],
    [{ motionFraction: 0.049 }, true, true],
    [{ motionFraction: 0.051 }, true, false],
    [{ changingFraction: 0.51 }, true, true],
    [{ changingFraction: 0.49 }, true, false],
  ] as const;
  for (const [parts, tracked, expected] of cases) {
    const { detected, stable } = trained().detect(segmentOf(STILL, parts), { tracked })!;
    assert.deepEqual([detected, stable], [expected, expected], JSON.stringify(parts));
  }
});

Deno.test("ApneaDetector.detect() forgets the usual depth after 90 seconds", () => {
  const after = (seconds: number) =>
    trained().detect(segmentOf(STILL, { endUs: 90e6 + seconds * 1e6 }), TRACKED)!;
  assert.deepEqual([after(89).detected, after(89).stable], [true, true]);
  assert.deepEqual([after(91).detected, after(91).stable], [false, false]);
});

Deno.test("ApneaDetector.detect() averages the depth with a weight of a tenth for each breath", () => {
  const detector = trained();
  const before = segmentOf(breathing(DEPTH), { endUs: 95e6 });
  detector.detect(before, { tracked: true, amplitude: 11 * DEPTH });
  // The usual depth is now 2 DEPTH, of which 0.3 are 0.6 DEPTH.
  const detects = (ratio: number) =>
    detector.detect(segmentOf(breathing(ratio * DEPTH)), TRACKED)!.detected;
  assert.equal(detects(0.58), true);
  assert.equal(detects(0.62), false);
});

Deno.test("ApneaDetector.detect() learns no depth in an apnea, and none after reset()", () => {
  const detector = trained();
  const still = segmentOf(STILL);
  detector.detect(still, { tracked: true, amplitude: 100 * DEPTH });
  assert.equal(detector.detect(segmentOf(breathing(DEPTH)), TRACKED)!.detected, false);
  detector.reset();
  assert.equal(detector.detect(still, TRACKED), undefined);
});
