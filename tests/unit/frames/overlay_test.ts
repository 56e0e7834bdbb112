import { monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Image } from "../../../src/capture/frame.ts";
import { Hud } from "../../../src/frames/overlay.ts";
import { Canvas } from "../../../src/frames/overlay_canvas.ts";
import { glyphOf } from "../../../src/frames/overlay_font.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import type { StatusName } from "../../../src/vitals/condition/status_table.ts";
import { grey, paint } from "../../support/yuv.ts";

const SIZE = { width: 320, height: 240 };

function plain(options: Partial<Parameters<typeof paint>[0]> = {}): Image {
  return paint({ ...SIZE, ...options }, () => [100, 120, 140]);
}

function wave(count: number, value: (index: number) => number) {
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
      strict: { value: 71.6, confidence: 0.93 },
      rate: [],
      trace: wave(240, value),
      respirationQuotient: [],
    },
    breathing: {
      withheld: "low_quality",
      rate: [],
      upperTrace: wave(300, value),
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

Deno.test("the drawing is on a copy: the source keeps every pixel", () => {
  const source = plain();
  const hud = new Hud();
  hud.update(estimate());
  const drawn = hud.draw(source, SAMPLE);
  assert.deepEqual(source, plain());
  assert.notDeepEqual(drawn.y, source.y);
  assert.deepEqual({ ...drawn, y: 0, u: 0, v: 0 }, { ...source, y: 0, u: 0, v: 0 });
});

Deno.test("only the strip, the face's lines and a message are touched", () => {
  const hud = new Hud();
  hud.update(estimate());
  const source = plain();
  const without = hud.draw(source, undefined);
  const top = Math.round(240 * 0.74);
  assert.deepEqual(without.y.subarray(0, 320 * top), source.y.subarray(0, 320 * top));
  const inside = without.y.subarray(320 * top);
  assert.ok(inside.every((value) => value !== 100));
  const changed = hud.draw(source, SAMPLE).y.subarray(0, 320 * top)
    .filter((value) => value !== 100).length;
  assert.ok(changed > 300 && changed < 1500, `${changed} pixels of the face`);
  hud.update(estimate({ condition: "NO_FACES_FOUND" }));
  const warned = hud.draw(source, undefined).y;
  assert.ok(warned.subarray(0, 320 * 14).some((value) => value > 200));
});

Deno.test("letters are drawn as the font has them, in the size asked for", () => {
  const source = plain();
  for (const scale of [1, 2, 3]) {
    const canvas = new Canvas(source, new Uint8Array(Canvas.bytesOf(source)));
    canvas.text("R7", { left: 40, top: 30, scale, ink: [235, 128, 128] });
    for (const [index, letter] of ["R", "7"].entries()) {
      glyphOf(letter).forEach((bits, row) => {
        for (let column = 0; column < 5; column++) {
          const x = 40 + (6 * index + column) * scale, y = 30 + row * scale;
          const lit = canvas.picture.y[y * 320 + x] === 235;
          assert.equal(lit, ((bits >> (4 - column)) & 1) === 1, `${letter} ${row} ${column}`);
        }
      });
    }
  }
});

Deno.test("every letter of a message has a shape of its own", () => {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-%/"];
  assert.equal(new Set(letters.map((letter) => glyphOf(letter).join())).size, letters.length);
  assert.ok(letters.every((letter) => glyphOf(letter).length === 7));
  assert.deepEqual(glyphOf("a"), glyphOf("A"));
  assert.deepEqual(glyphOf("é"), glyphOf("?"));
});

Deno.test("television's range is not left", () => {
  const hud = new Hud();
  hud.update(estimate());
  const drawn = hud.draw(plain({ color: { range: "limited", matrix: "bt601" } }), SAMPLE);
  assert.ok(drawn.y.every((value) => value >= 16 && value <= 235));
});

Deno.test("a late correction takes the place of what it corrects", () => {
  const first = new Hud();
  first.update(estimate());
  const second = new Hud();
  second.update(estimate({ value: (index) => index % 2 }));
  second.update(estimate());
  assert.deepEqual(first.draw(plain(), SAMPLE).y, second.draw(plain(), SAMPLE).y);
});

Deno.test("no picture, box or curve makes it fail", () => {
  const place = fc.double({ min: -3, max: 4 });
  fc.assert(fc.property(
    fc.integer({ min: 2, max: 90 }),
    fc.integer({ min: 2, max: 70 }),
    fc.constantFrom<0 | 1>(0, 1),
    fc.boolean(),
    fc.record({ x: place, y: place, width: place, height: place }),
    fc.array(fc.oneof(fc.double(), fc.constant(0)), { maxLength: 50 }),
    (width, height, shift, colour, box, values) => {
      const picture = plain({ width, height, chromaShiftX: shift, chromaShiftY: shift });
      const hud = new Hud();
      hud.update(estimate({ value: (index) => values[index % (values.length || 1)] ?? 0 }));
      const face = { ...SAMPLE.face!, box };
      const drawn = hud.draw(colour ? picture : grey(picture), { ...SAMPLE, face });
      assert.equal(drawn.y.length, picture.y.length);
    },
  ));
});
