import assert from "node:assert/strict";
import { measureBreaths } from "../../../../src/vitals/breathing/breath_metrics.ts";
import type { ChestSegment } from "../../../../src/vitals/breathing/chest_track.ts";

const sampleRateHz = 10;
const END_US = 500_000_000;

/** A segment whose position is a function of the time before its end, in seconds. */
function segmentOf(seconds: number, position: (secondsBefore: number) => number): ChestSegment {
  const length = seconds * sampleRateHz + 1;
  return {
    chest: Float64Array.from({ length }, (_, k) => position((length - 1 - k) / sampleRateHz)),
    endUs: END_US,
    sampleRateHz,
    motionFraction: 0,
    changingFraction: 1,
  };
}

const RATE = 15, DEPTH = 0.004;
/** Breaths of 4 s whose troughs are at multiples of 4 s before the end. */
const breathing = (s: number) => -(DEPTH / 2) * Math.cos((2 * Math.PI * s) / 4);
const EVIDENCE = { rate: RATE, amplitude: DEPTH };
const NEVER = { afterUs: -Infinity };

const secondsBefore = (samples: readonly { readonly timeUs: number }[]) =>
  samples.map(({ timeUs }) => (END_US - timeUs) / 1e6);

/** Asserts that all values are within a fraction of the expected one. */
function assertNear(values: readonly number[], expected: number, tolerance: number): void {
  assert.ok(values.length > 0, "no value");
  for (const value of values) {
    assert.ok(Math.abs(value - expected) <= tolerance, `${value} is not ${expected}`);
  }
}

Deno.test("measureBreaths() reports each breath of the last 20 s at its end", () => {
  const { amplitude, baseline, inhaleExhaleRatio } = measureBreaths(
    segmentOf(60, (s) => breathing(s + 2)),
    EVIDENCE,
    NEVER,
  );
  const ends = secondsBefore(amplitude);
  assert.deepEqual(ends.map((s) => Math.round(s)), [14, 10, 6, 2]);
  // The filter shifts the first and the last end by up to a tenth of a second.
  assertNear(ends.map((s) => s - Math.round(s)), 0, 0.12);
  assert.deepEqual(secondsBefore(baseline), ends);
  assert.deepEqual(secondsBefore(inhaleExhaleRatio), ends);
});

Deno.test("measureBreaths() has the depth of each breath, its ratio and the level of its end", () => {
  const { amplitude, baseline, inhaleExhaleRatio } = measureBreaths(
    segmentOf(60, (s) => breathing(s + 2) + 3),
    EVIDENCE,
    NEVER,
  );
  assertNear(amplitude.map(({ value }) => value), DEPTH, 0.06 * DEPTH);
  assertNear(inhaleExhaleRatio.map(({ value }) => value), 1, 0.12);
  assertNear(baseline.map(({ value }) => value), -DEPTH / 2, 0.06 * DEPTH);
});

Deno.test("measureBreaths() divides the time of the rise by the time of the fall", () => {
  // Two harmonics: the chest rises faster than it falls, or slower.
  const ratioOf = (sign: number) => {
    const position = (s: number) => {
      const phase = (2 * Math.PI * (60 - s)) / 4;
      return DEPTH * (Math.sin(phase) + sign * 0.2 * Math.sin(2 * phase));
    };
    const { inhaleExhaleRatio } = measureBreaths(segmentOf(60, position), EVIDENCE, NEVER);
    return inhaleExhaleRatio.map(({ value }) => value);
  };
  // Extrema are where cos φ + 0.4·cos 2φ = 0: at cos φ = (-1 + √(1 + 8·0.16))/1.6.
  const half = Math.acos((Math.sqrt(1 + 8 * 0.4 ** 2) - 1) / (4 * 0.4));
  const fast = half / (Math.PI - half);
  assertNear(ratioOf(1), fast, 0.1 * fast);
  assertNear(ratioOf(-1), 1 / fast, 0.1 / fast);
});

Deno.test("measureBreaths() uses four breaths of slow breathing, and the whole of a shorter trace", () => {
  const endsOf = (seconds: number, period: number) => {
    const position = (s: number) => -(DEPTH / 2) * Math.cos((2 * Math.PI * (s + 2)) / period);
    const evidence = { rate: 60 / period, amplitude: DEPTH };
    const { amplitude } = measureBreaths(segmentOf(seconds, position), evidence, NEVER);
    return secondsBefore(amplitude).map(Math.round);
  };
  assert.deepEqual(endsOf(60, 10), [28, 18, 8]);
  assert.deepEqual(endsOf(60, 4), [14, 10, 6, 2]);
  assert.deepEqual(endsOf(12, 4), [6, 2]);
});

Deno.test("measureBreaths() ignores oscillations of under 0.35 of the amplitude", () => {
  const countOf = (fraction: number) =>
    measureBreaths(segmentOf(60, (s) => fraction * breathing(s + 2)), EVIDENCE, NEVER).amplitude
      .length;
  // The filters keep nearly all of a breath in the middle of the window.
  assert.equal(countOf(0.33), 0);
  assert.ok(countOf(0.4) >= 3);
});

Deno.test("measureBreaths() reports breaths that end a third of a breath after the last one", () => {
  const segment = segmentOf(60, (s) => breathing(s + 2));
  const endsAfter = (secondsAgo: number) => {
    const afterUs = END_US - secondsAgo * 1e6;
    const { amplitude, lastBreathUs } = measureBreaths(segment, EVIDENCE, { afterUs });
    const last = amplitude.at(-1)?.timeUs ?? afterUs;
    assert.equal(lastBreathUs, last);
    return secondsBefore(amplitude).map(Math.round);
  };
  // A third of a breath is 1.33 s.
  assert.deepEqual(endsAfter(11.7), [10, 6, 2]);
  assert.deepEqual(endsAfter(11.2), [6, 2]);
  assert.deepEqual(endsAfter(7.6), [6, 2]);
  assert.deepEqual(endsAfter(7.2), [2]);
  assert.deepEqual(endsAfter(2), []);
});

Deno.test("measureBreaths() measures the level of each end against the linear trend", () => {
  const { baseline } = measureBreaths(
    segmentOf(60, (s) => breathing(s + 2) - 0.0005 * s),
    EVIDENCE,
    NEVER,
  );
  assertNear(baseline.map(({ value }) => value), -DEPTH / 2, 0.1 * DEPTH);
});

Deno.test("measureBreaths() has the distance that the chest moves per second in ten seconds", () => {
  const lineLengthOf = (segment: ChestSegment) =>
    measureBreaths(segment, EVIDENCE, NEVER).lineLength;
  // Twice the depth in each breath of four seconds; the low-pass filter at 1 Hz keeps it.
  const { timeUs, value } = lineLengthOf(segmentOf(60, (s) => breathing(s + 2)));
  assert.equal(timeUs, END_US);
  assertNear([value], (2 * DEPTH) / 4, 0.02 * DEPTH);
  // A steady rise that began some seconds ago.
  const risen = (seconds: number) =>
    lineLengthOf(segmentOf(60, (s) => -0.001 * Math.min(s, seconds))).value;
  assertNear([risen(20)], 0.001, 1e-5);
  assertNear([risen(9.9)], 0.001, 1e-5);
  assertNear([risen(5)], 0.000505, 2e-5);
  assert.equal(lineLengthOf(segmentOf(0, () => 1)).value, 0);
});

Deno.test("measureBreaths() counts motion up to 1 Hz in the line length, and hardly any faster", () => {
  const lineLengthAt = (hz: number) =>
    measureBreaths(segmentOf(60, (s) => Math.sin(2 * Math.PI * hz * s)), EVIDENCE, NEVER).lineLength
      .value / (4 * hz);
  // Two passes of a Butterworth filter halve the amplitude at the cutoff.
  assertNear([lineLengthAt(0.3)], 1, 0.05);
  assertNear([lineLengthAt(1)], 0.5, 0.06);
  assertNear([lineLengthAt(2)], 0.04, 0.04);
});

Deno.test("measureBreaths() rounds times to microseconds", () => {
  const segment = { ...segmentOf(60, (s) => breathing(s + 2)), endUs: END_US + 0.25 };
  const { amplitude, lineLength } = measureBreaths(segment, EVIDENCE, NEVER);
  assert.ok([...amplitude, lineLength].every(({ timeUs }) => Number.isInteger(timeUs)));
});

Deno.test("measureBreaths() ignores sway that is slower than 0.3 times the rate", () => {
  // The sway moves the chest twice as fast as the breaths do.
  const swaying = (s: number) => breathing(s + 2) + 5 * DEPTH * Math.sin((2 * Math.PI * s) / 20);
  const { amplitude } = measureBreaths(segmentOf(60, swaying), EVIDENCE, NEVER);
  assert.ok(amplitude.length >= 3, `${amplitude.length} breaths`);
  const steps = amplitude.slice(1).map(({ timeUs }, k) => (timeUs - amplitude[k]!.timeUs) / 1e6);
  assertNear(steps, 4, 1);
});

Deno.test("measureBreaths() ignores oscillations faster than four times the rate, or than 2 Hz", () => {
  const countWith = (period: number, hz: number, part: number) => {
    const position = (s: number) =>
      -(DEPTH / 2) * Math.cos((2 * Math.PI * (s + period / 2)) / period) +
      part * DEPTH * Math.sin(2 * Math.PI * hz * s);
    const evidence = { rate: 60 / period, amplitude: DEPTH };
    return measureBreaths(segmentOf(60, position), evidence, NEVER).amplitude.length;
  };
  assert.equal(countWith(4, 1.5, 0), 4);
  assert.equal(countWith(4, 1.5, 0.5), 4);
  const fast = countWith(1.5, 2.6, 0);
  assert.ok(fast >= 12);
  assert.ok(Math.abs(countWith(1.5, 2.6, 0.5) - fast) <= 1, `${countWith(1.5, 2.6, 0.5)}`);
});

Deno.test("measureBreaths() keeps most of the depth of the slowest breaths", () => {
  // A high-pass at 0.03 Hz keeps 0.96 of an oscillation at 0.067 Hz.
  const position = (s: number) => -(DEPTH / 2) * Math.cos((2 * Math.PI * (s + 7.5)) / 15);
  const { amplitude } = measureBreaths(
    segmentOf(90, position),
    { rate: 4, amplitude: DEPTH },
    NEVER,
  );
  assertNear(amplitude.map(({ value }) => value), 0.96 * DEPTH, 0.12 * DEPTH);
});
