import assert from "node:assert/strict";
import { findingsOf, isUsable } from "../../../../src/app/check_camera/findings.ts";
import type { Observation } from "../../../../src/app/check_camera/observe.ts";
import { monotonicUs } from "../../../../src/base/time.ts";
import type { StatusName } from "../../../../src/vitals/condition/status_table.ts";
import type { VitalsEstimate } from "../../../../src/vitals/estimate.ts";
import type { Withheld } from "../../../../src/vitals/withheld.ts";
import type { RegionSample } from "../../../../src/vision/region_sample.ts";

const FRAME_US = 33_333;
const point = { x: 0.5, y: 0.5 };

function sampleAt(timeUs: number, { face = true } = {}): RegionSample {
  return {
    timeUs: monotonicUs(timeUs),
    sequence: 0,
    regions: {},
    faceCount: face ? 1 : 0,
    brightness: 100,
    clipped: 0.01,
    motion: 1,
    ...face && {
      chest: { dy: 0, confidence: 1 },
      face: {
        box: { x: 0.3, y: 0.3, width: 0.3, height: 0.4 },
        landmarks: {
          rightEye: point,
          leftEye: point,
          nose: point,
          mouth: point,
          rightEar: point,
          leftEar: point,
        },
        score: 1,
        ageUs: 0,
        speed: 0.1,
        track: 1,
      },
    },
  };
}

/** Estimates of `observation()` that are 2 s or more after the first one. */
const SETTLED = 40;

interface Changes extends Partial<Observation> {
  readonly condition?: StatusName;
  readonly withheld?: Withheld;
  readonly intervalsUs?: readonly number[];
  readonly face?: boolean;
  readonly isGrayscale?: boolean;
}

/** Ten seconds of a good camera with a still face, and changes. */
function observation(
  { condition = "OK", withheld, face = true, isGrayscale, intervalsUs, ...changes }: Changes = {},
): Observation {
  let timeUs = 0;
  const intervals = intervalsUs ?? Array.from({ length: 300 }, () => FRAME_US);
  const samples = [0, ...intervals].map((interval) => sampleAt(timeUs += interval, { face }));
  const estimates = Array.from({ length: 50 }, (_, i) => ({
    timeUs: monotonicUs(i * 200_000),
    condition,
    ...isGrayscale && { isGrayscale },
    signal: { snrDb: 8, brightness: 100, saturatedFraction: 0.01, fps: 30 },
    pulse: {
      ...withheld ? { withheld } : { strict: { value: 72, confidence: 0.97, windowS: 10 } },
    },
  } as unknown as VitalsEstimate));
  return {
    width: 640,
    height: 480,
    isJpeg: true,
    nominalFps: 30,
    lostFrames: 0,
    samples,
    estimates,
    ...changes,
  };
}

function verdicts(changes?: Changes): Record<string, string> {
  const found = findingsOf(observation(changes));
  return Object.fromEntries(
    found.filter(({ verdict }) => verdict !== "good").map(({ name, verdict }) => [name, verdict]),
  );
}

Deno.test("findingsOf() describes a good camera, whose check is passed", () => {
  const findings = findingsOf(observation());
  assert.deepEqual(verdicts(), {});
  assert.ok(isUsable(findings));
  const valueOf = (name: string) => findings.find((each) => each.name === name)?.value;
  assert.equal(valueOf("Format"), "640x480, JPEG of the camera");
  assert.equal(valueOf("Frame rate"), "30 fps, declared 30");
  assert.equal(valueOf("Face"), "in 100 % of the frames, 40 % of the image height");
  assert.equal(valueOf("Pulse"), "72 beats/min, confidence 0.97, SNR 8 dB");
});

Deno.test("findingsOf() attributes each lasting condition to one finding, with its hint", () => {
  const expected = {
    FRAME_RATE_TOO_LOW: "Frame rate",
    PICTURE_FROZEN: "Frame rate",
    IMAGE_TOO_DARK: "Brightness",
    IMAGE_TOO_BRIGHT: "Brightness",
    FACE_NOT_CENTERED: "Face",
    FACE_TOO_BIG_OR_TOO_SMALL: "Face",
    MORE_THAN_ONE_FACE_FOUND: "Face",
    EXCESSIVE_MOTION: "Motion",
  } as const;
  for (const [condition, name] of Object.entries(expected)) {
    assert.deepEqual(verdicts({ condition: condition as StatusName }), { [name]: "bad" });
  }
  assert.deepEqual(verdicts({ condition: "CHEST_TOO_FAR_OR_NOT_ENOUGH_SHOWING" }), {
    Chest: "poor",
  });
});

Deno.test("findingsOf() calls a condition lasting in over half of the estimates after the start", () => {
  const { estimates } = observation();
  const moving = estimates.map((each) => ({ ...each, condition: "EXCESSIVE_MOTION" as const }));
  const verdictsOf = (share: number) => {
    const from = Math.round(estimates.length - share * SETTLED);
    return verdicts({ estimates: [...estimates.slice(0, from), ...moving.slice(from)] });
  };
  assert.deepEqual(verdictsOf(0.45), {});
  assert.deepEqual(verdictsOf(0.55), { Motion: "bad" });
});

Deno.test("findingsOf() reports a face that is absent, and no motion of it", () => {
  const findings = findingsOf(observation({
    face: false,
    condition: "NO_FACES_FOUND",
    withheld: "no_face",
  }));
  assert.ok(!isUsable(findings));
  const face = findings.find(({ name }) => name === "Face")!;
  assert.deepEqual([face.verdict, face.value], ["bad", "none found"]);
  assert.match(face.hint ?? "", /Face the camera/);
  assert.match(
    findings.find(({ name }) => name === "Flicker")!.value,
    /not measured without a face/,
  );
});

Deno.test("findingsOf() reports a pulse that is withheld, with the reason and the time it takes", () => {
  const pulse = findingsOf(observation({ withheld: "warming_up" })).at(-1)!;
  assert.match(pulse.value, /none yet: Measuring/);
  assert.match(pulse.hint ?? "", /5 to 10 s of a still face/);
  assert.deepEqual(verdicts({ withheld: "flicker" }), { Flicker: "poor", Pulse: "bad" });
});

Deno.test("findingsOf() reports grayscale images, from which no pulse is published", () => {
  const findings = findingsOf(observation({ withheld: "low_quality", isGrayscale: true }));
  assert.equal(findings[0]!.value, "640x480, JPEG of the camera, grayscale");
  const pulse = findings.at(-1)!;
  assert.deepEqual([pulse.verdict, pulse.value], ["bad", "none: the images are grayscale"]);
  assert.match(pulse.hint ?? "", /a color camera and light/);
  assert.deepEqual(verdicts({ withheld: "low_quality", isGrayscale: true }), { Pulse: "bad" });
});

Deno.test("findingsOf() calls timing poor from a jitter over 35 % or from over 2 % lost frames", () => {
  const alternating = (share: number) =>
    Array.from({ length: 300 }, (_, i) => FRAME_US * (1 + (i % 2 ? share : -share)));
  assert.deepEqual(verdicts({ intervalsUs: alternating(0.34) }), {});
  assert.deepEqual(verdicts({ intervalsUs: alternating(0.36) }), { Timing: "poor" });
  assert.deepEqual(verdicts({ lostFrames: 6 }), {});
  assert.deepEqual(verdicts({ lostFrames: 7 }), { Timing: "poor" });
});

Deno.test("findingsOf() calls a rate below 80 % of the declared one poor", () => {
  assert.deepEqual(verdicts({ nominalFps: 37 }), {});
  assert.deepEqual(verdicts({ nominalFps: 38 }), { "Frame rate": "poor" });
});

Deno.test("findingsOf() reports a single frame", () => {
  const findings = findingsOf(observation({ intervalsUs: [] }));
  assert.equal(findings[1]?.value, "a single frame");
  assert.ok(!isUsable(findings));
});
