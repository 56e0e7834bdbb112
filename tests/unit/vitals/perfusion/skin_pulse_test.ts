import assert from "node:assert/strict";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";
import { SkinPulse } from "../../../../src/vitals/perfusion/skin_pulse.ts";
import { goodFace, samplesOf } from "../../../support/samples.ts";

const RATE = 72;
const START_US = 1_000_000;
/** Skin whose green channel has a pulse of this relative amplitude. */
function skinAt(amplitude: number, { rate = RATE, level = 110 } = {}) {
  return (timeS: number) => {
    const g = level * (1 - amplitude * Math.sin((2 * Math.PI * rate * timeS) / 60));
    return { regions: { skin: { r: 150, g, b: 90, pixels: 4000, clipped: 0 } } };
  };
}

/** What a skin of twelve seconds has at the end. */
function readingOf(
  at: (timeS: number) => Partial<RegionSample>,
  { rate = RATE, seconds = 12, fps = 30 } = {},
) {
  const skin = new SkinPulse();
  for (const sample of samplesOf(seconds, { at, fps, startUs: START_US })) skin.push(sample);
  return skin.read(rate);
}

Deno.test("SkinPulse.read() has the pulse amplitude relative to the mean green value", () => {
  const reading = readingOf(skinAt(0.01))!;
  assert.ok(Math.abs(reading.perfusion - 0.01) < 0.0005, `${reading.perfusion}`);
  assert.ok(reading.beats.length >= 6 && reading.beats.length <= 8);
  for (const { height } of reading.beats) assert.ok(Math.abs(height - 0.02) < 0.002, `${height}`);
});

Deno.test("SkinPulse.read() is the same at any brightness and rate", () => {
  for (const [rate, level] of [[45, 20], [72, 200], [150, 110]] as const) {
    const { perfusion } = readingOf(skinAt(0.02, { rate, level }), { rate })!;
    assert.ok(Math.abs(perfusion / 0.02 - 1) < 0.04, `${rate}: ${perfusion}`);
  }
});

Deno.test("SkinPulse.read() has the peaks of the beats between the first and the last second", () => {
  const { timeUs, beats } = readingOf(skinAt(0.01, { rate: 60 }), { rate: 60 })!;
  assert.equal(timeUs, START_US + Math.round((359 / 30) * 1e6));
  // Eight seconds of beats whose peaks are 0.25 s after whole seconds; they begin at 4 s.
  const seconds = beats.map((beat) => (beat.timeUs - START_US) / 1e6);
  assert.deepEqual(seconds.map((s) => Math.round(20 * s) / 20), [
    5.25,
    6.25,
    7.25,
    8.25,
    9.25,
    10.25,
  ]);
  assert.ok(beats.every((beat) => Number.isInteger(beat.timeUs)));
});

Deno.test("SkinPulse.read() leaves out a beat that begins or peaks in the second at either end", () => {
  /** Beats whose zero crossings are at whole seconds plus the shift. */
  const peaksOf = (shiftS: number) => {
    const at = (timeS: number) => skinAt(0.01, { rate: 60 })(timeS - shiftS);
    return readingOf(at, { rate: 60 })!.beats.map(({ timeUs }) =>
      Math.round(20 * ((timeUs - START_US) / 1e6 - shiftS)) / 20
    );
  };
  // The window is from 4 s to 11.97 s, so beats begin from 5 s on and peak up to 11 s.
  assert.deepEqual([peaksOf(0.1)[0], peaksOf(-0.1)[0]], [5.25, 6.25]);
  assert.deepEqual([peaksOf(0.7).at(-1), peaksOf(0.8).at(-1)], [10.25, 9.25]);
});

Deno.test("SkinPulse.read() reads the band of the rate: 0.35 to 2.7 times of it", () => {
  const perfusionAt = (hz: number) =>
    readingOf(skinAt(0.01, { rate: 60 * hz }), { rate: 60 })!.perfusion / 0.01;
  // Two passes of a Butterworth filter of second order halve the amplitude at a cutoff.
  assert.ok(Math.abs(perfusionAt(2.7) - 0.5) < 0.03, `${perfusionAt(2.7)}`);
  assert.ok(Math.abs(perfusionAt(0.35) - 0.5) < 0.12, `${perfusionAt(0.35)}`);
  assert.ok(Math.abs(perfusionAt(1) - 1) < 0.05, `${perfusionAt(1)}`);
});

Deno.test("SkinPulse.read() is undefined if the mean speed of the face is over 0.3", () => {
  const isRead = (speed: (timeS: number) => number) =>
    readingOf((timeS) => ({ ...skinAt(0.01)(timeS), face: goodFace({ speed: speed(timeS) }) })) !==
      undefined;
  assert.equal(isRead(() => 0.27), true);
  assert.equal(isRead(() => 0.33), false);
  assert.equal(isRead((s) => (Math.round(30 * s) % 2 ? 0.55 : 0)), true);
  assert.equal(isRead((s) => (Math.round(30 * s) % 2 ? 0.65 : 0)), false);
  // Only the last eight seconds count.
  assert.equal(isRead((s) => (s < 3.9 ? 9 : 0.2)), true);
  assert.ok(readingOf((timeS) => ({ ...skinAt(0.01)(timeS), face: undefined! })));
});

Deno.test("SkinPulse.read() needs eight seconds of skin without gaps", () => {
  const skin = skinAt(0.01);
  assert.equal(readingOf(skin, { seconds: 7.8 }), undefined);
  assert.ok(readingOf(skin, { seconds: 8.2 }));
  const withGap = (gapS: number, endS: number) =>
    readingOf((s) => (s > endS - gapS && s < endS ? { regions: {} } : skin(s))) !== undefined;
  assert.deepEqual([withGap(0.2, 8), withGap(0.3, 8), withGap(0.3, 3.5)], [true, false, true]);
  const noPixels = readingOf((s) => {
    const { regions } = skin(s);
    return { regions: { skin: { ...regions.skin, pixels: s < 8 ? 4000 : 0 } } };
  });
  assert.equal(noPixels, undefined);
  assert.ok(readingOf((s) => ({ regions: { skin: { ...skin(s).regions.skin, pixels: 1 } } })));
  assert.equal(new SkinPulse().read(RATE), undefined);
});

Deno.test("SkinPulse.read() is undefined for black skin, and reads dark skin", () => {
  assert.equal(readingOf(skinAt(0, { level: 0 })), undefined);
  assert.ok(readingOf(skinAt(0.01, { level: 0.5 })));
});

Deno.test("SkinPulse keeps eight seconds at 120 frames per second", () => {
  assert.ok(readingOf(skinAt(0.01), { seconds: 14, fps: 120 }));
});

Deno.test("SkinPulse.reset() discards all samples", () => {
  const skin = new SkinPulse();
  for (const sample of samplesOf(12, { at: skinAt(0.01) })) skin.push(sample);
  skin.reset();
  assert.equal(skin.read(RATE), undefined);
});
