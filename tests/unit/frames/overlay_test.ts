import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Image } from "../../../src/capture/frame.ts";
import { Overlay } from "../../../src/frames/overlay.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import type { StatusName } from "../../../src/vitals/condition/status_table.ts";
import { grey, paint } from "../../support/yuv.ts";

const SIZE = { width: 320, height: 240 };

function uniformImage(options: Partial<Parameters<typeof paint>[0]> = {}): Image {
  return paint({ ...SIZE, ...options }, () => [100, 120, 140]);
}

function traceOf(count: number, value: (index: number) => number) {
  return Array.from(
    { length: count },
    (_, index) => ({ timeUs: monotonicUs(index * 33_333), value: value(index) }),
  );
}

function estimate(
  { condition = "OK", value = (index: number) => Math.sin(index / 5) }: {
    condition?: StatusName;
    value?: (index: number) => number;
  } = {},
): VitalsEstimate {
  return {
    timeUs: monotonicUs(0),
    frameCount: 1,
    pulse: {
      strict: { value: 71.6, confidence: 0.93, windowS: 10 },
      rate: [],
      trace: traceOf(240, value),
      respirationQuotient: [],
    },
    breathing: {
      withheld: "low_quality",
      rate: [],
      upperTrace: traceOf(300, value),
      amplitude: [],
      apnea: [],
      respiratoryLineLength: [],
      baseline: [],
      inhaleExhaleRatio: [],
    },
    condition,
    signal: { brightness: 100, saturatedFraction: 0, fps: 30 },
  };
}

const SAMPLE: RegionSample = {
  timeUs: monotonicUs(0),
  sequence: 0,
  regions: {},
  face: {
    box: { x: 0.35, y: 0.15, width: 0.3, height: 0.4 },
    landmarks: {
      rightEye: { x: 0.43, y: 0.25 },
      leftEye: { x: 0.57, y: 0.25 },
      nose: { x: 0.5, y: 0.34 },
      mouth: { x: 0.5, y: 0.43 },
      rightEar: { x: 0.36, y: 0.28 },
      leftEar: { x: 0.64, y: 0.28 },
    },
    score: 0.9,
    ageUs: 0,
    speed: 0,
    track: 1,
  },
  faceCount: 1,
  brightness: 100,
  clipped: 0,
  motion: 0,
};

Deno.test("Overlay.draw() draws on a copy and leaves the source unchanged", () => {
  const source = uniformImage();
  const overlay = new Overlay();
  overlay.update(estimate());
  const drawn = overlay.draw(source, SAMPLE);
  assert.deepEqual(source, uniformImage());
  assert.notDeepEqual(drawn.y, source.y);
  assert.deepEqual({ ...drawn, y: 0, u: 0, v: 0 }, { ...source, y: 0, u: 0, v: 0 });
});

Deno.test("Overlay.draw() changes only the panels, the outlines of the face and the condition", () => {
  const overlay = new Overlay();
  overlay.update(estimate());
  const source = uniformImage();
  const withoutFace = overlay.draw(source, undefined);
  const top = Math.round(240 * 0.74);
  assert.deepEqual(withoutFace.y.subarray(0, 320 * top), source.y.subarray(0, 320 * top));
  const panels = withoutFace.y.subarray(320 * top);
  assert.ok(panels.every((value) => value !== 100));
  const changed = overlay.draw(source, SAMPLE).y.subarray(0, 320 * top)
    .filter((value) => value !== 100).length;
  assert.ok(changed > 300 && changed < 1500, `${changed} pixels of the outlines`);
  overlay.update(estimate({ condition: "NO_FACES_FOUND" }));
  const withCondition = overlay.draw(source, undefined).y;
  assert.ok(withCondition.subarray(0, 320 * 14).some((value) => value > 200));
});

Deno.test("Overlay.draw() stays within limited range", () => {
  const overlay = new Overlay();
  overlay.update(estimate());
  const drawn = overlay.draw(
    uniformImage({ color: { range: "limited", matrix: "bt601" } }),
    SAMPLE,
  );
  assert.ok(drawn.y.every((value) => value >= 16 && value <= 235));
});

Deno.test("Overlay.update() replaces samples that arrive again", () => {
  const first = new Overlay();
  first.update(estimate());
  const second = new Overlay();
  second.update(estimate({ value: (index) => index % 2 }));
  second.update(estimate());
  assert.deepEqual(first.draw(uniformImage(), SAMPLE).y, second.draw(uniformImage(), SAMPLE).y);
});

Deno.test("Overlay.draw() accepts any image, face box and trace", () => {
  const coordinate = fc.double({ min: -3, max: 4 });
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 90 }),
    fc.integer({ min: 2, max: 70 }),
    fc.constantFrom<0 | 1>(0, 1),
    fc.boolean(),
    fc.record({ x: coordinate, y: coordinate, width: coordinate, height: coordinate }),
    fc.array(fc.oneof(fc.double(), fc.constant(0)), { maxLength: 50 }),
    (width, height, shift, hasColor, box, values) => {
      const image = uniformImage({ width, height, chromaShiftX: shift, chromaShiftY: shift });
      const overlay = new Overlay();
      overlay.update(estimate({ value: (index) => values[index % (values.length || 1)] ?? 0 }));
      const face = { ...SAMPLE.face!, box };
      const drawn = overlay.draw(hasColor ? image : grey(image), { ...SAMPLE, face });
      assert.equal(drawn.y.length, image.y.length);
    },
  ));
});
