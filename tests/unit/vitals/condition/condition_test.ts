import { monotonicUs } from "../../../../src/base/time.ts";
import assert from "node:assert/strict";
import fc from "fast-check";
import { conditionOf } from "../../../../src/vitals/condition/condition.ts";
import { STATUS_TABLE } from "../../../../src/vitals/condition/status_table.ts";
import type { StatusName } from "../../../../src/vitals/condition/status_table.ts";
import { goodFace, goodSample, type SampleParts, samplesOf } from "../../../support/samples.ts";

/** Returns the condition after four seconds of samples with these parts. */
function after(parts: SampleParts | ((timeS: number) => SampleParts), fps = 30): StatusName {
  const samples = samplesOf(4, { fps, at: typeof parts === "function" ? parts : () => parts });
  return conditionOf({ samples });
}
const faceAt = (x: number, y: number, width: number, height: number): SampleParts => ({
  face: goodFace({ box: { x, y, width, height } }),
});
const skin = (luma: number, clipped = 0): SampleParts => ({
  regions: { skin: { r: luma, g: luma, b: luma, pixels: 4000, clipped } },
});

Deno.test("STATUS_TABLE keeps the published codes and describes every status", () => {
  const published = {
    OK: 0,
    NO_FACES_FOUND: 1,
    MORE_THAN_ONE_FACE_FOUND: 2,
    FACE_NOT_CENTERED: 3,
    FACE_TOO_BIG_OR_TOO_SMALL: 4,
    IMAGE_TOO_DARK: 5,
    IMAGE_TOO_BRIGHT: 6,
    CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING: 7,
    PROCESSING_NOT_STARTED: 8,
    CAMERA_TUNING: 10,
    FRAME_RATE_TOO_LOW: 11,
    EXCESSIVE_MOTION: 12,
    CAMERA_DISCONNECTED: 100,
    PUBLISH_DEGRADED: 101,
    STOPPING: 102,
  };
  for (const [name, code] of Object.entries(published)) {
    assert.equal(STATUS_TABLE[name as StatusName].code, code, name);
  }
  const rows = Object.values(STATUS_TABLE);
  assert.equal(new Set(rows.map(({ code }) => code)).size, rows.length);
  for (const { message, hint, begins } of rows) {
    for (const text of [message, hint, begins]) assert.match(text, /^[A-Z].{10,}\.$/);
  }
});

const CASES: readonly (readonly [string, SampleParts, StatusName])[] = [
  ["a good image", {}, "OK"],
  ["an empty room", { face: undefined!, faceCount: 0 }, "NO_FACES_FOUND"],
  ["two people", { faceCount: 2 }, "MORE_THAN_ONE_FACE_FOUND"],
  ["a face at the left edge", faceAt(0, 0.3, 0.2, 0.3), "FACE_NOT_CENTERED"],
  ["a face that the upper edge cuts off", faceAt(0.4, -0.1, 0.2, 0.5), "FACE_NOT_CENTERED"],
  ["a distant face", faceAt(0.45, 0.4, 0.06, 0.1), "FACE_TOO_BIG_OR_TOO_SMALL"],
  ["a face that fills the frame", faceAt(0.05, 0.02, 0.9, 0.95), "FACE_TOO_BIG_OR_TOO_SMALL"],
  ["a dark face in front of a bright wall", skin(20), "IMAGE_TOO_DARK"],
  ["a dark room", { face: undefined!, faceCount: 0, brightness: 9 }, "IMAGE_TOO_DARK"],
  ["overexposed skin", skin(240, 0.6), "IMAGE_TOO_BRIGHT"],
  ["an overexposed image", { face: undefined!, faceCount: 0, clipped: 0.8 }, "IMAGE_TOO_BRIGHT"],
  ["a bright window behind a good face", { clipped: 0.6 }, "OK"],
  ["a chest outside the frame", { chest: undefined! }, "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING"],
  [
    "a chest without texture",
    { chest: { dy: 0, confidence: 0 } },
    "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
  ],
  ["a shaking head", { face: goodFace({ speed: 1.2 }) }, "EXCESSIVE_MOTION"],
  ["a face that changes constantly", { motion: 25 }, "EXCESSIVE_MOTION"],
];
for (const [name, parts, expected] of CASES) {
  Deno.test(`conditionOf() of ${name} is ${expected}`, () => assert.equal(after(parts), expected));
}

Deno.test("conditionOf() finds 8 frames per second too few and 15 sufficient", () => {
  assert.equal(after({}, 8), "FRAME_RATE_TOO_LOW");
  assert.equal(after({}, 15), "OK");
});

Deno.test("conditionOf() is PROCESSING_NOT_STARTED without samples and CAMERA_TUNING in the first second", () => {
  assert.equal(conditionOf({ samples: [] }), "PROCESSING_NOT_STARTED");
  assert.equal(conditionOf({ samples: samplesOf(0.5) }), "CAMERA_TUNING");
  assert.equal(conditionOf({ samples: samplesOf(1.2) }), "OK");
});

Deno.test("conditionOf() of a camera without new frames is first FRAME_RATE_TOO_LOW, then CAMERA_DISCONNECTED", () => {
  const samples = samplesOf(4);
  const lastUs = samples.at(-1)!.timeUs;
  assert.equal(conditionOf({ samples, nowUs: lastUs + 1_600_000 }), "FRAME_RATE_TOO_LOW");
  assert.equal(conditionOf({ samples, nowUs: lastUs + 3_100_000 }), "CAMERA_DISCONNECTED");
  assert.equal(conditionOf({ samples, disconnected: true }), "CAMERA_DISCONNECTED");
});

Deno.test("conditionOf() is CAMERA_TUNING if the exposure changes, not if a lamp flickers or daylight changes", () => {
  assert.equal(after((t) => ({ brightness: 60 + 20 * t })), "CAMERA_TUNING");
  assert.equal(after((t) => ({ brightness: 110 + 30 * Math.sin(2 * Math.PI * 1.2 * t) })), "OK");
  assert.equal(after((t) => ({ brightness: 110 + 2 * t })), "OK");
});

Deno.test("conditionOf() is OK if the detector misses the face in every third frame", () => {
  const samples = samplesOf(4).map((sample, i) => {
    if (i % 3) return sample;
    const { face: _, ...rest } = sample;
    return { ...rest, faceCount: 0 };
  });
  assert.equal(conditionOf({ samples }), "OK");
});

Deno.test("conditionOf() keeps the previous condition between the two thresholds", () => {
  const samples = samplesOf(4, { at: () => skin(31) });
  assert.equal(conditionOf({ samples, previous: "OK" }), "OK");
  assert.equal(conditionOf({ samples, previous: "IMAGE_TOO_DARK" }), "IMAGE_TOO_DARK");
});

Deno.test("conditionOf() has a row in STATUS_TABLE for any samples", () => {
  const unit = fc.double({ min: -1, max: 2, noNaN: true });
  const sample = fc.record({
    brightness: fc.integer({ min: 0, max: 255 }),
    clipped: unit,
    motion: fc.integer({ min: 0, max: 255 }),
    faceCount: fc.nat(3),
  });
  fc.assert(fc.property(fc.array(sample, { maxLength: 80 }), fc.nat(5_000_000), (parts, late) => {
    const samples = parts.map((part, i) =>
      goodSample({ ...part, timeUs: monotonicUs(i * 33_333) })
    );
    const nowUs = (samples.at(-1)?.timeUs ?? 0) + late;
    assert.ok(conditionOf({ samples, nowUs }) in STATUS_TABLE);
  }));
});
