import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";
import { ChestTrack } from "../../../../src/vitals/breathing/chest_track.ts";
import { assertClose } from "../../../support/close.ts";
import { goodFace, goodSample, samplesOf } from "../../../support/samples.ts";

const FPS = 30;

/** A track of samples at 30 frames per second, with what `parts` returns for each time. */
function trackOf(
  seconds: number,
  parts: (seconds: number) => Partial<RegionSample> = () => ({}),
  fps = FPS,
): ChestTrack {
  const track = new ChestTrack();
  for (const sample of samplesOf(seconds, { fps, at: parts })) track.push(sample);
  return track;
}

/** A displacement at each frame by which the chest rises by this much per second. */
const rising = (perSecond: number, confidence = 0.9) => ({ dy: -perSecond / FPS, confidence });
const NO_CHEST: Partial<RegionSample> = { chest: undefined! };

Deno.test("ChestTrack.segment() integrates displacements; a chest that rises goes up", () => {
  const { chest, nose, endUs, sampleRateHz } = trackOf(12, () => ({
    chest: rising(0.01),
    nose: rising(-0.002),
  })).segment(10);
  assert.deepEqual([chest.length, sampleRateHz, endUs], [
    100,
    10,
    1e6 + Math.round((359 / 30) * 1e6),
  ]);
  assertClose(chest, Array.from({ length: 100 }, (_, k) => 0.12 - 0.001 * (99 - k)), 1e-7);
  assertClose(nose!, Array.from({ length: 100 }, (_, k) => -0.024 + 0.0002 * (99 - k)), 1e-7);
});

Deno.test("ChestTrack.push() returns the position without drift, whose time constant is 20 seconds", () => {
  const track = new ChestTrack();
  const levels = samplesOf(30, {
    at: (s) => ({ chest: { dy: s === 0 ? -0.01 : 0, confidence: 0.9 } }),
  })
    .map((sample) => track.push(sample)!);
  assert.equal(levels[0], 0.01);
  for (const seconds of [1, 10, 20]) {
    const expected = 0.01 * Math.exp(-seconds / 20);
    assert.ok(Math.abs(levels[FPS * seconds]! - expected) < 1e-6, `${seconds}`);
  }
});

Deno.test("ChestTrack.push() returns undefined for an old sample and without a chest", () => {
  const track = new ChestTrack();
  const at = (seconds: number, parts: Partial<RegionSample> = {}) =>
    track.push(goodSample({ timeUs: monotonicUs(seconds * 1e6), chest: rising(0.1), ...parts }));
  assert.notEqual(at(1), undefined);
  for (const seconds of [1, 0.5]) assert.equal(at(seconds), undefined);
  assert.equal(at(2, NO_CHEST), undefined);
  assert.notEqual(at(3), undefined);
});

Deno.test("ChestTrack.push() counts displacements from a confidence of 0.1 on, and none that is NaN", () => {
  const fractionOf = (chest: { dy: number; confidence: number }) =>
    trackOf(2, () => ({ chest })).trackedFraction(1);
  assert.equal(fractionOf(rising(0.01, 0.09)), 0);
  assert.equal(fractionOf(rising(0.01, 0.1)), 1);
  assert.equal(fractionOf({ dy: NaN, confidence: 0.9 }), 0);
});

/** What the newest of many samples with these parts adds to the chest, relative to its motion. */
function shareOf(parts: Partial<RegionSample>): number {
  const { chest } = trackOf(5, () => ({ nose: rising(0.01), ...parts })).segment(4);
  return (chest.at(-1)! - chest[0]!) / 3.9 / -(parts.chest!.dy * FPS);
}

Deno.test("ChestTrack.push() leaves out motion of over 0.2 frame heights per second, up or down", () => {
  for (const sign of [-1, 1]) {
    assert.ok(Math.abs(shareOf({ chest: rising(sign * 0.18) }) - 1) < 1e-5);
    assert.equal(Math.abs(shareOf({ chest: rising(sign * 0.22) })), 0);
  }
});

Deno.test("ChestTrack.push() leaves out motion while the face moves by over 0.6 widths per second", () => {
  const face = (speed: number) => ({ chest: rising(0.01), face: goodFace({ speed }) });
  assert.ok(Math.abs(shareOf(face(0.54)) - 1) < 1e-5);
  assert.equal(shareOf(face(0.66)), 0);
  const { nose } = trackOf(5, () => ({ ...face(0.66), nose: rising(0.01) })).segment(4);
  assert.ok(nose!.every((value) => value === 0));
  assert.ok(Math.abs(shareOf({ chest: rising(0.01), face: undefined! }) - 1) < 1e-5);
});

Deno.test("ChestTrack.push() publishes no motion that it leaves out", () => {
  const track = new ChestTrack();
  const [first, second, third] = samplesOf(1, { at: () => ({ chest: rising(0.01) }) });
  const level = track.push(first!);
  assert.equal(track.push({ ...second!, chest: rising(0.3) }), level);
  assert.ok(track.push(third!)! > level!);
});

Deno.test("ChestTrack.push() computes speed over one millisecond to one second", () => {
  const isCounted = (afterUs: number, dy: number) => {
    const track = new ChestTrack();
    const [first] = samplesOf(1);
    const before = track.push(first!)!;
    const timeUs = monotonicUs(first!.timeUs + afterUs);
    return track.push({ ...first!, timeUs, chest: { dy: -dy, confidence: 0.9 } })! > before;
  };
  for (const [afterUs, dy] of [[2_000_000, 0.2], [500_000, 0.1], [100, 0.0002]] as const) {
    assert.equal(isCounted(afterUs, 0.9 * dy), true, `${afterUs}`);
    assert.equal(isCounted(afterUs, 1.1 * dy), false, `${afterUs}`);
  }
});

Deno.test("ChestTrack.push() computes speed from the time since the sample before", () => {
  const motionAt = (fps: number) => {
    const parts = () => ({ chest: { dy: 0.01, confidence: 0.9 } });
    return trackOf(5, parts, fps).segment(4).motionFraction;
  };
  // 0.01 frame heights per frame are 0.18 per second at 18 frames per second.
  assert.ok(motionAt(18) < 0.06, `${motionAt(18)}`);
  assert.ok(motionAt(22) > 0.94, `${motionAt(22)}`);
});

Deno.test("ChestTrack.trackedFraction() is that of the samples of the newest seconds", () => {
  const track = trackOf(10, (s) => (s > 7.01 ? {} : NO_CHEST));
  for (const [seconds, fraction] of [[2, 1], [2.9, 1], [5.9, 0.5], [8.9, 1 / 3]]) {
    assert.ok(Math.abs(track.trackedFraction(seconds!) - fraction!) < 0.02, `${seconds}`);
  }
  assert.equal(new ChestTrack().trackedFraction(5), 0);
});

Deno.test("ChestTrack.segment() begins after the last gap of over one second", () => {
  const secondsWith = (gapS: number) =>
    trackOf(10, (s) => (s > 4.01 && s < 4 + gapS ? NO_CHEST : { chest: rising(0.01) }))
      .segment(9).chest.length / 10;
  assert.equal(secondsWith(0.9), 9);
  assert.ok(Math.abs(secondsWith(1.1) - 4.9) < 0.11, `${secondsWith(1.1)}`);
});

Deno.test("ChestTrack.segment() is empty once the chest is lost for over one second", () => {
  const lengthAfter = (lostS: number) => {
    const segment = trackOf(10, (s) => (s > 10 - 1 / FPS - lostS ? NO_CHEST : {})).segment(6);
    return segment.chest.length;
  };
  assert.equal(lengthAfter(0.9), 51);
  assert.equal(lengthAfter(1.1), 0);
});

Deno.test("ChestTrack.segment() ends at its last sample if the newest ones lack the chest", () => {
  const { chest, endUs } = trackOf(10, (s) => (s > 9.5 ? NO_CHEST : {})).segment(6);
  const newestUs = 1e6 + Math.round((299 / 30) * 1e6);
  assert.equal(chest.length, 55);
  assert.ok(Math.abs(endUs - (newestUs - 500_000)) < 1, `${endUs}`);
});

Deno.test("ChestTrack.segment() is empty with fewer than two samples", () => {
  for (const frames of [0, 1]) {
    const { chest, nose, motionFraction, changingFraction } = trackOf(frames / FPS).segment(10);
    assert.deepEqual([chest.length, nose, motionFraction, changingFraction], [0, undefined, 0, 0]);
  }
  assert.equal(trackOf(2 / FPS).segment(10).chest.length, 1);
});

Deno.test("ChestTrack.segment() has the nose from a mean confidence of 0.35 on, and without gaps", () => {
  const noseWith = (nose: (seconds: number) => RegionSample["nose"]) =>
    trackOf(10, (s) => ({ nose: nose(s)! })).segment(9).nose;
  assert.equal(noseWith(() => rising(0.01, 0.32)), undefined);
  assert.ok(noseWith(() => rising(0.01, 0.38)));
  assert.ok(noseWith((s) => rising(0.01, Math.round(s * FPS) % 2 ? 0.15 : 0.6)));
  assert.equal(noseWith((s) => (s > 4 && s < 5.2 ? undefined : rising(0.01))), undefined);
});

Deno.test("ChestTrack.segment() has the fraction of samples with motion", () => {
  const fractionOf = (share: number) =>
    trackOf(10, (s) => ({
      chest: rising(Math.floor(s) % 10 < 10 * share ? 0.5 : 0.01),
    })).segment(9.9).motionFraction;
  for (const share of [0, 0.2, 0.5]) {
    assert.ok(Math.abs(fractionOf(share) - share) < 0.03, `${fractionOf(share)}`);
  }
});

Deno.test("ChestTrack.segment() has the fraction of the last ten seconds in which the image changes", () => {
  const fractionAfter = (stillS: number) =>
    trackOf(30, (s) => ({ motion: s > 30 - stillS ? 0 : 0.01 })).segment(25).changingFraction;
  assert.equal(fractionAfter(0), 1);
  for (const seconds of [1, 5, 9]) {
    const fraction = fractionAfter(seconds);
    assert.ok(Math.abs(fraction - (1 - seconds / 10)) < 0.02, `${seconds}: ${fraction}`);
  }
  assert.equal(fractionAfter(11), 0);
});

Deno.test("ChestTrack keeps 60 seconds at 120 frames per second", () => {
  const track = trackOf(62, () => ({ chest: rising(0) }), 120);
  assert.equal(track.segment(60).chest.length, 600);
});

Deno.test("ChestTrack.clear() discards the samples and the position", () => {
  const track = trackOf(5, () => ({ chest: rising(0.02), nose: rising(0.02) }));
  assert.ok(track.newestUs > 0);
  track.clear();
  assert.equal(track.newestUs, -Infinity);
  const levels = samplesOf(3, { at: () => ({ chest: rising(0), nose: rising(0) }) })
    .map((sample) => track.push(sample));
  const { chest, nose } = track.segment(2);
  for (const values of [levels, [...chest], [...nose!]]) {
    assert.ok(values.length > 0 && values.every((value) => Math.abs(value!) === 0));
  }
});
