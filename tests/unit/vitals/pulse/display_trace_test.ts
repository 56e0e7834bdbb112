import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { DisplayTrace } from "../../../../src/vitals/pulse/display_trace.ts";
import type { RegionMean, RegionSample } from "../../../../src/vision/region_sample.ts";
import { assertClose } from "../../../support/close.ts";
import { goodSample } from "../../../support/samples.ts";

const FPS = 30;

/** A sample after this many seconds. */
function sampleAt(seconds: number, parts: Partial<RegionSample>): RegionSample {
  return goodSample({
    regions: {},
    ...parts,
    timeUs: monotonicUs(1e9 + Math.round(seconds * 1e6)),
  });
}

/** Samples at 30 frames per second for this many seconds. */
function samplesFor(seconds: number, parts: (seconds: number) => Partial<RegionSample>) {
  return Array.from(
    { length: Math.round(seconds * FPS) },
    (_, k) => sampleAt(k / FPS, parts(k / FPS)),
  );
}

function valuesOf(samples: readonly RegionSample[], trace = new DisplayTrace()): number[] {
  for (const sample of samples) trace.push(sample);
  return trace.drain().map(({ value }) => value);
}

const colored = (r: number, g: number, b: number): RegionMean => ({
  r,
  g,
  b,
  pixels: 100,
  clipped: 0,
});

/** Skin whose colors change at different frequencies. */
function skinAt(seconds: number): RegionMean {
  const wave = (hz: number) => Math.sin(2 * Math.PI * hz * seconds);
  return colored(
    170 - 0.4 * wave(1.3) + wave(0.4),
    120 - 0.9 * wave(1.3) + wave(0.4),
    100 - 0.5 * wave(1.3) + 2 * wave(0.7),
  );
}

Deno.test("DisplayTrace.push() filters by a first-order high-pass at 0.7 Hz and low-pass at 4 Hz", () => {
  for (const hz of [0.4, 0.7, 1.2, 2.5, 4]) {
    const phaseAt = (seconds: number) => 2 * Math.PI * hz * seconds;
    const values = valuesOf(
      samplesFor(20, (seconds) => ({ networkPulse: 3 + Math.sin(phaseAt(seconds)) })),
    );
    // Exponential averages of time constant 1/(2π·cutoff): a/(1 - (1 - a)·exp(-iω)).
    const average = (cutoffHz: number) => {
      const a = 1 - Math.exp((-2 * Math.PI * cutoffHz) / FPS);
      const [re, im] = [
        1 - (1 - a) * Math.cos(phaseAt(1 / FPS)),
        (1 - a) * Math.sin(phaseAt(1 / FPS)),
      ];
      return [(a * re) / (re * re + im * im), (-a * im) / (re * re + im * im)] as const;
    };
    const [bRe, bIm] = average(0.7), [sRe, sIm] = average(4);
    const re = (1 - bRe) * sRe + bIm * sIm, im = (1 - bRe) * sIm - bIm * sRe;
    const expected = Array.from({ length: 300 }, (_, k) => {
      const phase = phaseAt((k + 300) / FPS);
      return re * Math.sin(phase) + im * Math.cos(phase);
    });
    // Times are rounded to microseconds.
    assertClose(values.slice(300), expected, 1e-5);
  }
});

Deno.test("DisplayTrace.push() is POS of the last 1.6 seconds, which rises in systole", () => {
  const samples = samplesFor(6, (seconds) => ({ regions: { skin: skinAt(seconds) } }));
  const deviation = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
  const projected = samples.map(({ timeUs, regions }, k) => {
    const recent = samples.slice(0, k + 1).filter((other) => other.timeUs >= timeUs - 1_600_000)
      .map((other) => other.regions.skin!);
    const mean = (channel: "r" | "g" | "b") =>
      recent.reduce((sum, color) => sum + color[channel], 0) / recent.length;
    const [r, g, b] = [mean("r"), mean("g"), mean("b")];
    const s1 = recent.map((color) => color.g / g - color.b / b);
    const s2 = recent.map((color) => color.g / g + color.b / b - (2 * color.r) / r);
    const h = s1.at(-1)! + (deviation(s1) / deviation(s2)) * s2.at(-1)!;
    return { timeUs, color: regions.skin!, bvp: -h };
  });
  // The same filters follow: a BVP that is given is not projected.
  const expected = valuesOf(
    projected.slice(7).map(({ timeUs, bvp }) =>
      goodSample({ timeUs, regions: {}, networkPulse: bvp })
    ),
  );
  assertClose(valuesOf(samples), expected, 1e-12);
});

Deno.test("DisplayTrace.push() has a value from the eighth sample of the skin on", () => {
  const lengthAfter = (count: number) =>
    valuesOf(samplesFor(count / FPS, (seconds) => ({ regions: { skin: skinAt(seconds) } }))).length;
  assert.deepEqual([7, 8, 9].map(lengthAfter), [0, 1, 2]);
});

Deno.test("DisplayTrace.push() uses the skin, else the forehead, else the glabella", () => {
  const other = colored(10, 20, 30);
  const [skin, forehead, glabella] = [
    (s: number) => ({ skin: skinAt(s), forehead: other, glabella: other }),
    (s: number) => ({ forehead: skinAt(s), glabella: other }),
    (s: number) => ({ glabella: skinAt(s) }),
  ].map((regions) => valuesOf(samplesFor(2, (s) => ({ regions: regions(s) }))));
  assert.ok(skin!.some((value) => Math.abs(value) > 1e-4));
  assert.deepEqual(forehead, skin);
  assert.deepEqual(glabella, skin);
});

Deno.test("DisplayTrace.push() has no value without color, without pixels or in the dark", () => {
  const lengthOf = (regions: RegionSample["regions"]) =>
    valuesOf(samplesFor(2, () => ({ regions }))).length;
  assert.equal(lengthOf({}), 0);
  assert.equal(lengthOf({ left_cheek: colored(9, 9, 9) }), 0);
  assert.equal(lengthOf({ skin: { ...colored(9, 9, 9), pixels: 0 } }), 0);
  assert.equal(lengthOf({ skin: { ...colored(9, 9, 9), pixels: 1 } }), 53);
  assert.equal(lengthOf({ skin: colored(0.01, 0.01, 0.01) }), 53);
  for (const dark of [colored(0, 9, 9), colored(9, 0, 9), colored(9, 9, 0)]) {
    assert.equal(lengthOf({ skin: dark }), 0);
  }
});

Deno.test("DisplayTrace.push() is 0 for skin of constant color", () => {
  const values = valuesOf(samplesFor(2, () => ({ regions: { skin: colored(170, 120, 100) } })));
  assertClose(values, new Float64Array(53), 1e-12);
});

Deno.test("DisplayTrace.push() uses a BVP that is given, the network's first, and none that is NaN", () => {
  const regions = { skin: colored(170, 120, 100) };
  const bvp = (seconds: number) => Math.sin(8 * seconds);
  const expected = valuesOf(samplesFor(1, (s) => ({ networkPulse: bvp(s) })));
  assert.deepEqual(
    valuesOf(samplesFor(1, (s) => ({ regions, networkPulse: bvp(s), readySignals: [9 * s] }))),
    expected,
  );
  assert.deepEqual(
    valuesOf(samplesFor(1, (s) => ({ regions, readySignals: [bvp(s), 9 * s] }))),
    expected,
  );
  assert.deepEqual(valuesOf(samplesFor(1, () => ({ regions, networkPulse: NaN }))), []);
});

Deno.test("DisplayTrace.push() starts its filters again at 0 after 1.6 seconds without a value", () => {
  const firstAfter = (gapS: number) => {
    const trace = new DisplayTrace();
    valuesOf(samplesFor(2, (s) => ({ networkPulse: Math.sin(8 * s) })), trace);
    return valuesOf([sampleAt(2 - 1 / FPS + gapS, { networkPulse: 5 })], trace)[0]!;
  };
  assert.ok(Math.abs(firstAfter(1.44)) > 0.01);
  assert.equal(firstAfter(1.76), 0);
});

Deno.test("DisplayTrace.push() needs eight new samples of the skin after 1.6 seconds without any", () => {
  const lengthAfter = (gapS: number) => {
    const trace = new DisplayTrace();
    valuesOf(samplesFor(2, (s) => ({ regions: { skin: skinAt(s) } })), trace);
    const next = samplesFor(0.2, (s) => ({ regions: { skin: skinAt(s) } }));
    const delayUs = (2 - 1 / FPS + gapS) * 1e6;
    return valuesOf(
      next.map((sample) => ({ ...sample, timeUs: monotonicUs(sample.timeUs + delayUs) })),
      trace,
    ).length;
  };
  // Samples of the last 1.6 seconds count, so that 0.3 s of nine samples are left.
  assert.equal(lengthAfter(1.3), 6);
  assert.equal(lengthAfter(1.7), 0);
});

Deno.test("DisplayTrace.drain() returns each sample once with its time, at most 1200", () => {
  const trace = new DisplayTrace();
  const samples = samplesFor(45, (s) => ({ networkPulse: s }));
  for (const sample of samples.slice(0, 10)) trace.push(sample);
  assert.deepEqual(
    trace.drain().map(({ timeUs }) => timeUs),
    samples.slice(0, 10).map((s) => s.timeUs),
  );
  assert.deepEqual(trace.drain(), []);
  for (const sample of samples.slice(10)) trace.push(sample);
  assert.deepEqual(
    trace.drain().map(({ timeUs }) => timeUs),
    samples.slice(-1200).map(({ timeUs }) => timeUs),
  );
});

Deno.test("DisplayTrace.reset() removes all samples and the state of the filters", () => {
  const trace = new DisplayTrace();
  for (const sample of samplesFor(2, (s) => ({ regions: { skin: skinAt(s) } }))) trace.push(sample);
  trace.reset();
  assert.deepEqual(trace.drain(), []);
  // Times may begin again, and the window is empty.
  const again = samplesFor(0.3, (s) => ({ regions: { skin: skinAt(s + 0.5) } }));
  assert.deepEqual(valuesOf(again, trace), valuesOf(again));
});
