import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { REGION_NAMES, type RegionSample } from "../../../../src/vision/region_sample.ts";
import { PulseWindowBuffer } from "../../../../src/vitals/pulse/window_buffer.ts";
import { assertClose } from "../../../support/close.ts";
import { goodSample } from "../../../support/samples.ts";

const START_US = 1_000_000_000;

/** A sample at a time in seconds, on the grid of 30 samples per second. */
function sampleAt(seconds: number, parts: Partial<RegionSample> = {}): RegionSample {
  return goodSample({
    regions: {},
    ...parts,
    timeUs: monotonicUs(START_US + Math.round(seconds * 1e6)),
  });
}

const skinOf = (value: number, pixels = 1) => ({
  skin: { r: value, g: 2 * value, b: 3 * value, pixels, clipped: 0 },
});

/** A buffer with `frames` samples at `fps`, and what `parts` returns for each time in seconds. */
function filled(
  { seconds, fps = 30, parts }: {
    seconds: number;
    fps?: number;
    parts: (seconds: number) => Partial<RegionSample>;
  },
  buffer = new PulseWindowBuffer({ seconds: 11 }),
): PulseWindowBuffer {
  for (let k = 0; k <= seconds * fps; k++) buffer.push(sampleAt(k / fps, parts(k / fps)));
  return buffer;
}

Deno.test("PulseWindowBuffer.window() ends at the newest sample, with 30 samples per second", () => {
  const buffer = filled({ seconds: 8, fps: 90, parts: (s) => ({ regions: skinOf(s) }) });
  const { sampleRateHz, length, color } = buffer.window(5);
  assert.deepEqual([sampleRateHz, length], [30, 150]);
  const { r, g, b } = color("skin")!;
  const expected = Array.from({ length: 150 }, (_, k) => 8 - (149 - k) / 30);
  assertClose(r, expected, 1e-5);
  assertClose(g, expected.map((value) => 2 * value), 1e-5);
  assertClose(b, expected.map((value) => 3 * value), 1e-5);
});

Deno.test("PulseWindowBuffer.window() has the colors of each region, and undefined for others", () => {
  for (const name of REGION_NAMES) {
    const regions = { [name]: { r: 7, g: 8, b: 9, pixels: 5, clipped: 0 } };
    const { color } = filled({ seconds: 3, parts: () => ({ regions }) }).window(2);
    for (const other of REGION_NAMES) {
      const found = color(other);
      if (other === name) {
        assert.deepEqual([found?.r[9], found?.g[9], found?.b[9]], [7, 8, 9]);
      } else assert.equal(found, undefined, `${other} of ${name}`);
    }
  }
});

Deno.test("PulseWindowBuffer.window() lacks a region that was last seen before the window", () => {
  const buffer = filled({
    seconds: 8,
    parts: (s) => s < 3.05 ? { regions: skinOf(1), networkPulse: 1 } : {},
  });
  const missing = buffer.window(4.8), present = buffer.window(5.2);
  assert.deepEqual([missing.color("skin"), missing.network], [undefined, undefined]);
  assert.ok(present.color("skin") && present.network);
});

Deno.test("PulseWindowBuffer.push() counts a region without pixels as absent", () => {
  const buffer = filled({
    seconds: 4,
    parts: (s) => ({ regions: skinOf(5, Math.abs(s - 2) < 0.3 ? 0 : 1) }),
  });
  const { r } = buffer.window(4).color("skin")!;
  const gap = [...r].flatMap((value, k) => Number.isNaN(value) ? [(k + 1) / 30] : []);
  assert.ok(gap.length > 10 && gap.every((seconds) => Math.abs(seconds - 2) < 0.35), `${gap}`);
});

Deno.test("PulseWindowBuffer.window() has the segments of a region from two seconds on", () => {
  const segmentsWith = (seconds: number) =>
    filled({
      seconds: 8,
      parts: (s) => ({
        regions: s < 4.45 && s > 4.45 - seconds || s > 5.95 ? skinOf(1) : {},
      }),
    }).window(8).segments("skin");
  const lengths = (seconds: number) => segmentsWith(seconds).map(({ start, end }) => end - start);
  assert.deepEqual(lengths(1.8), [62]);
  assert.deepEqual(lengths(2.2), [66, 62]);
  assert.deepEqual(segmentsWith(1.8)[0], { start: 178, end: 240 });
  assert.deepEqual(filled({ seconds: 4, parts: () => ({}) }).window(3).segments("skin"), []);
});

Deno.test("PulseWindowBuffer.window() counts a segment of exactly two seconds", () => {
  const lengths = (frames: number) => {
    const buffer = filled({
      seconds: 8,
      parts: (s) => ({
        regions: Math.round(30 * s) >= 30 && Math.round(30 * s) < 30 + frames ? skinOf(1) : {},
      }),
    });
    return buffer.window(8).segments("skin").map(({ start, end }) => end - start);
  };
  assert.deepEqual(lengths(59), []);
  assert.deepEqual(lengths(60), [60]);
});

Deno.test("PulseWindowBuffer.window() has the network's BVP, and up to sixteen ready signals", () => {
  const ready = (count: number) => Array.from({ length: count }, (_, k) => 100 + k);
  const withReady = (count: number) =>
    filled({ seconds: 3, parts: () => ({ networkPulse: 7, readySignals: ready(count) }) }).window(
      2,
    );
  assert.deepEqual([...withReady(1).network!.subarray(0, 2)], [7, 7]);
  for (const [count, kept] of [[1, 1], [16, 16], [18, 16]] as const) {
    const signals = withReady(count).readySignals;
    assert.deepEqual(signals.map((signal) => signal[30]), ready(kept));
  }
  const none = filled({ seconds: 3, parts: () => ({ regions: skinOf(1) }) }).window(2);
  assert.deepEqual([none.network, none.readySignals], [undefined, []]);
});

Deno.test("PulseWindowBuffer keeps the given seconds at the given frame rate", () => {
  const samplesIn = (options: { seconds: number; maxFps?: number }) => {
    const buffer = filled(
      { seconds: 8, fps: 120, parts: (s) => ({ regions: skinOf(s) }) },
      new PulseWindowBuffer(options),
    );
    return buffer.window(8).color("skin")!.r.filter(Number.isFinite).length;
  };
  assert.equal(samplesIn({ seconds: 4 }), 120);
  assert.equal(samplesIn({ seconds: 4, maxFps: 60 }), 60);
});

Deno.test("PulseWindowBuffer has the times of its first and its newest sample until reset()", () => {
  const buffer = new PulseWindowBuffer({ seconds: 11 });
  assert.deepEqual([buffer.startUs, buffer.newestUs], [Infinity, -Infinity]);
  for (const seconds of [1, 2, 1.5, 3, 0.5]) {
    buffer.push(sampleAt(seconds, { regions: skinOf(seconds) }));
  }
  assert.deepEqual([buffer.startUs, buffer.newestUs], [START_US + 1e6, START_US + 3e6]);
  buffer.reset();
  assert.deepEqual([buffer.startUs, buffer.newestUs], [Infinity, -Infinity]);
  filled({ seconds: 3, parts: () => ({}) }, buffer);
  assert.equal(buffer.window(2).color("skin"), undefined);
});
