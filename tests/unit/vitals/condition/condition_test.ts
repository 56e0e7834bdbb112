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

/** A limit of `conditionOf()`: the status and a sample whose measured value is the given one. */
interface Limit {
  readonly name: string;
  readonly status: StatusName;
  /** Values at which the condition begins and ends. */
  readonly enter: number;
  readonly leave: number;
  /** The difference of a value that is just outside. */
  readonly step: number;
  readonly at: (value: number) => SampleParts | ((timeS: number) => SampleParts);
  /** The condition of the other values. */
  readonly otherwise?: StatusName;
  readonly fps?: (value: number) => number;
}

/** Returns parts that differ in `share` of all frames, for 100 frames per second. */
function inShareOf(share: number, parts: SampleParts) {
  return (timeS: number) => Math.round(timeS * 100) % 100 < Math.round(share * 100) ? parts : {};
}
const NO_FACE: SampleParts = { face: undefined!, faceCount: 0 };
const centred = (height: number) => faceAt(0.4, 0.5 - height / 2, 0.2, height);
const small = (x: number, y: number) => faceAt(x - 0.05, y - 0.1, 0.1, 0.2);
const colour = (r: number, g: number, b: number): SampleParts => ({
  regions: { skin: { r, g, b, pixels: 4000, clipped: 0 } },
});

const OFF_CENTRE = { status: "FACE_NOT_CENTERED", enter: 0.12, leave: 0.15, step: 0.001 } as const;
const CUT_OFF = { status: "FACE_NOT_CENTERED", enter: 0.85, leave: 0.9, step: 0.005 } as const;
const DARK = { status: "IMAGE_TOO_DARK", enter: 28, leave: 34, step: 0.2 } as const;
const MAJORITY = { enter: 0.6, leave: 0.4, step: 0.01, fps: () => 100 } as const;
const UNTRACKED = {
  status: "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING",
  enter: 0.5,
  leave: 0.6,
  step: 0.01,
  fps: () => 100,
} as const;

/** Conditions that hold below `enter`, and then below `leave`. */
const MINIMA: readonly Limit[] = [
  {
    name: "frame rate",
    status: "FRAME_RATE_TOO_LOW",
    enter: 10,
    leave: 11,
    step: 0.5,
    at: () => ({}),
    fps: (value) => value,
  },
  { name: "luma of the skin", ...DARK, at: (luma) => skin(luma) },
  { name: "luma of red skin", ...DARK, at: (luma) => colour(luma / 0.299, 0, 0) },
  { name: "luma of green skin", ...DARK, at: (luma) => colour(0, luma / 0.587, 0) },
  { name: "luma of blue skin", ...DARK, at: (luma) => colour(0, 0, luma / 0.114) },
  {
    name: "luma without a face",
    ...DARK,
    at: (brightness) => ({ ...NO_FACE, brightness }),
    otherwise: "NO_FACES_FOUND",
  },
  {
    name: "height of a small face",
    status: "FACE_TOO_BIG_OR_TOO_SMALL",
    enter: 0.125,
    leave: 0.14,
    step: 0.001,
    at: centred,
  },
  { name: "distance from the left edge", ...OFF_CENTRE, at: (x) => small(x, 0.5) },
  { name: "distance from the right edge", ...OFF_CENTRE, at: (x) => small(1 - x, 0.5) },
  { name: "distance from the upper edge", ...OFF_CENTRE, at: (y) => small(0.5, y) },
  { name: "distance from the lower edge", ...OFF_CENTRE, at: (y) => small(0.5, 1 - y) },
  {
    name: "visible part of a face at the upper edge",
    ...CUT_OFF,
    at: (part) => faceAt(0.4, -0.6 * (1 - part), 0.2, 0.6),
  },
  {
    name: "visible part of a face at the right edge",
    ...CUT_OFF,
    at: (part) => faceAt(1 - 0.6 * part, 0.3, 0.6, 0.3),
  },
  {
    name: "fraction of frames with a chest",
    ...UNTRACKED,
    at: (share) => inShareOf(1 - share, { chest: undefined! }),
  },
];

/** Conditions that hold above `enter`, and then above `leave`. */
const MAXIMA: readonly Limit[] = [
  {
    name: "change of exposure",
    status: "CAMERA_TUNING",
    enter: 0.12,
    leave: 0.06,
    step: 0.002,
    at: (change) => (timeS) => ({ brightness: timeS < 3.2 ? 100 : 100 * (1 + change) }),
  },
  {
    name: "clipped part of the skin",
    status: "IMAGE_TOO_BRIGHT",
    enter: 0.25,
    leave: 0.15,
    step: 0.002,
    at: (clipped) => skin(120, clipped),
  },
  {
    name: "clipped part of an image without a face",
    status: "IMAGE_TOO_BRIGHT",
    enter: 0.5,
    leave: 0.4,
    step: 0.005,
    at: (clipped) => ({ ...NO_FACE, clipped }),
    otherwise: "NO_FACES_FOUND",
  },
  {
    name: "fraction of frames without a face",
    status: "NO_FACES_FOUND",
    ...MAJORITY,
    at: (share) => inShareOf(share, NO_FACE),
  },
  {
    name: "fraction of frames with two faces",
    status: "MORE_THAN_ONE_FACE_FOUND",
    ...MAJORITY,
    at: (share) => inShareOf(share, { faceCount: 2 }),
  },
  {
    name: "speed of the face",
    status: "EXCESSIVE_MOTION",
    enter: 0.5,
    leave: 0.35,
    step: 0.005,
    at: (speed) => ({ face: goodFace({ speed }) }),
  },
  {
    name: "change of the face",
    status: "EXCESSIVE_MOTION",
    enter: 14,
    leave: 10,
    step: 0.1,
    at: (motion) => ({ motion }),
  },
  {
    name: "height of a large face",
    status: "FACE_TOO_BIG_OR_TOO_SMALL",
    enter: 0.9,
    leave: 0.86,
    step: 0.005,
    at: centred,
  },
];

for (const [limits, sign] of [[MINIMA, -1], [MAXIMA, 1]] as const) {
  for (const { name, status, enter, leave, step, at, otherwise = "OK", fps } of limits) {
    Deno.test(`conditionOf() has both thresholds of ${status}: ${name}`, () => {
      const conditionAt = (value: number, previous: StatusName) => {
        const parts = at(value);
        const samples = samplesOf(4, {
          fps: fps?.(value) ?? 30,
          at: typeof parts === "function" ? parts : () => parts,
        });
        return conditionOf({ samples, previous });
      };
      for (const previous of ["OK", "STOPPING"] as const) {
        assert.equal(conditionAt(enter + sign * step, previous), status, "begins");
        assert.equal(conditionAt(enter - sign * step, previous), otherwise, "does not begin");
      }
      assert.equal(conditionAt(leave + sign * step, status), status, "continues");
      assert.equal(conditionAt(leave - sign * step, status), otherwise, "ends");
    });
  }
}

Deno.test("conditionOf() counts a chest from a confidence of 0.1 on", () => {
  const confidenceOf = (confidence: number) => after({ chest: { dy: 0, confidence } });
  assert.equal(confidenceOf(0.099), "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING");
  assert.equal(confidenceOf(0.1), "OK");
});

Deno.test("conditionOf() is CAMERA_TUNING in the first second after the first sample", () => {
  const samples = samplesOf(3);
  const nowUs = samples.at(-1)!.timeUs;
  const since = (us: number) => conditionOf({ samples, nowUs, firstSampleUs: nowUs - us });
  assert.equal(since(999_999), "CAMERA_TUNING");
  assert.equal(since(1_000_000), "OK");
});

Deno.test("conditionOf() counts frames over two seconds, and disconnects after three without one", () => {
  const samples = samplesOf(4);
  const silentFor = (us: number) => conditionOf({ samples, nowUs: samples.at(-1)!.timeUs + us });
  // Of two seconds, 0.7 s with 30 frames/s give 10.5 frames/s, and 0.6 s give 9.
  assert.equal(silentFor(1_300_000), "OK");
  assert.equal(silentFor(1_400_000), "FRAME_RATE_TOO_LOW");
  assert.equal(silentFor(3_000_000), "FRAME_RATE_TOO_LOW");
  assert.equal(silentFor(3_000_001), "CAMERA_DISCONNECTED");
});

Deno.test("conditionOf() ignores a change of exposure that is older than 1.5 s", () => {
  const changedBefore = (seconds: number) =>
    after((timeS) => ({ brightness: timeS < 4 - seconds ? 40 : 200 }));
  assert.equal(changedBefore(1.6), "OK");
  assert.equal(changedBefore(1.4), "CAMERA_TUNING");
});

Deno.test("conditionOf() considers faces of the last second only", () => {
  const lostFor = (seconds: number) =>
    conditionOf({
      samples: samplesOf(4, {
        fps: 100,
        at: (timeS) => (timeS < 4 - seconds - 0.001 ? {} : NO_FACE),
      }),
    });
  assert.equal(lostFor(0.59), "OK");
  assert.equal(lostFor(0.62), "NO_FACES_FOUND");
});
