import assert from "node:assert/strict";
import type { Frame, Image } from "../../../src/capture/frame.ts";
import {
  SimulatedCamera,
  type SimulatedCameraOptions,
} from "../../../src/capture/simulator/camera.ts";
import type { SceneName } from "../../../src/capture/simulator/scene.ts";
import type { TruthSample } from "../../../src/capture/simulator/truth.ts";
import { correlation, meanRgb } from "../../support/region_mean.ts";
import { takeFrames, testSource } from "../../support/source_suite.ts";

const SMALL = { width: 320, height: 240, realtime: false } as const;

testSource({
  name: "a simulated camera in real time",
  open: () => new SimulatedCamera({ ...SMALL, realtime: true }),
  ends: false,
});
testSource({
  name: "a simulated camera with an end, at full speed",
  open: () => new SimulatedCamera({ ...SMALL, width: 321, height: 241, durationS: 2 }),
  ends: true,
});

interface Measured {
  readonly truth: TruthSample[];
  readonly frames: { readonly sequence: number; readonly values: number[] }[];
}

/** Measures each frame of a simulated camera. */
async function measureFrames(
  options: SimulatedCameraOptions,
  measure: (image: Image) => number[],
): Promise<Measured> {
  const truth: TruthSample[] = [];
  await using camera = new SimulatedCamera({
    ...SMALL,
    ...options,
    onTruth: (sample) => truth.push(sample),
  });
  const frames = await takeFrames(camera, {
    count: Infinity,
    inspect: ({ sequence, image }: Frame) => ({ sequence, values: measure(image) }),
  });
  return { truth, frames };
}

/** The middle of the face, and a part of the wall. */
const FACE = [0.45, 0.3, 0.58, 0.52] as const;
const WALL = [0.02, 0.1, 0.14, 0.6] as const;

/** Standard deviation divided by the mean. */
function variation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) /
    mean;
}

for (const noise of [0, 3]) {
  Deno.test(`SimulatedCamera modulates the mean color of the face by the BVP, at noise ${noise}`, async () => {
    const { truth, frames } = await measureFrames(
      { noise, durationS: 8, breathing: 0, width: 640, height: 480 },
      (image) => meanRgb(image, FACE),
    );
    const bvp = truth.map((sample) => sample.bvp);
    const green = frames.map(({ values }) => values[1]!);
    // More blood absorbs more light.
    assert.ok(correlation(bvp, green) < -0.97, `correlation ${correlation(bvp, green)}`);
    const ratio = variation(green) / (variation(bvp.map((value) => 1 + value)) * 0.01);
    assert.ok(ratio > 0.4 && ratio < 0.85, `${ratio} of the amplitude is in green`);
    const red = frames.map(({ values }) => values[0]!);
    assert.ok(variation(red) < 0.65 * variation(green), "red pulses less than green");
  });
}

Deno.test("SimulatedCamera shows no pulse in the wall or in a photograph", async () => {
  const options = { noise: 0.5, durationS: 6 };
  const living = await measureFrames(options, (image) => meanRgb(image, WALL));
  const photo = await measureFrames(
    { ...options, scene: "photo" },
    (image) => meanRgb(image, FACE),
  );
  for (const { frames, truth } of [living, photo]) {
    const green = frames.map(({ values }) => values[1]!);
    assert.ok(variation(green) < 2e-4, `variation ${variation(green)}`);
    assert.ok(Math.abs(correlation(truth.map(({ bvp }) => bvp), green)) < 0.3);
  }
});

Deno.test("SimulatedCamera moves the chest with the breath", async () => {
  // A bright edge of the collar moves through these rows.
  const collar = [0.46, 0.6, 0.54, 0.78] as const;
  const centre = ({ y, width, height }: Image) => {
    let weight = 0, sum = 0;
    for (let row = Math.round(collar[1] * height); row < collar[3] * height; row++) {
      for (let x = Math.round(collar[0] * width); x < collar[2] * width; x++) {
        const value = 255 - y[row * width + x]!;
        weight += value;
        sum += value * row;
      }
    }
    return [sum / weight];
  };
  const { truth, frames } = await measureFrames(
    { noise: 1, durationS: 8, width: 640, height: 480, pulse: 0 },
    centre,
  );
  const breath = truth.map((sample) => sample.breath);
  const along = correlation(breath, frames.map(({ values }) => values[0]!));
  assert.ok(Math.abs(along) > 0.95, `correlation ${along}`);
});

Deno.test("SimulatedCamera gives bit-identical images for the same seed alone", async () => {
  const options = { durationS: 1, noise: 2, motion: 3, light: 0.1, frameDrop: 0.2 };
  const sum = async (seed: number) => {
    const { frames, truth } = await measureFrames({ ...options, seed }, ({ y, u, v }) => {
      let hash = 0;
      for (const plane of [y, u!, v!]) for (const byte of plane) hash = (hash * 31 + byte) | 0;
      return [hash];
    });
    return JSON.stringify({ frames, truth });
  };
  assert.equal(await sum(5), await sum(5));
  assert.notEqual(await sum(5), await sum(6));
});

Deno.test("SimulatedCamera leaves gaps in the sequence for dropped frames, and keeps the times", async () => {
  await using camera = new SimulatedCamera({ ...SMALL, durationS: 10, frameDrop: 0.3 });
  const frames = await takeFrames(camera, {
    count: Infinity,
    inspect: ({ sequence, timeUs }) => ({ sequence, timeUs }),
  });
  assert.ok(frames.length > 180 && frames.length < 240, `${frames.length} of 300`);
  for (const { sequence, timeUs } of frames) {
    const expected = ((sequence - frames[0]!.sequence) * 1e6) / 30;
    assert.ok(Math.abs(timeUs - frames[0]!.timeUs - expected) <= 1);
  }
});

Deno.test("SimulatedCamera renders each scene with its brightness", async () => {
  const brightness = async (scene: SceneName) => {
    const { frames } = await measureFrames(
      { scene, durationS: 0.1 },
      ({ y }) => [y.reduce((sum, value) => sum + value, 0) / y.length],
    );
    return frames[0]!.values[0]!;
  };
  const usual = await brightness("person");
  assert.ok(usual > 50 && usual < 150, `${usual}`);
  assert.ok(await brightness("dark") < 20);
  assert.ok(await brightness("bright") > 170);
  assert.ok(await brightness("two_faces") > 50);
  assert.ok(await brightness("empty") > 100);
});

Deno.test("SimulatedCamera flickers 72 times per minute on wall and face alike", async () => {
  const { frames } = await measureFrames(
    { scene: "flicker", noise: 1, durationS: 5 },
    (image) => [meanRgb(image, WALL)[1]!, meanRgb(image, FACE)[1]!],
  );
  const [wall, face] = [0, 1].map((i) => frames.map(({ values }) => values[i]!));
  assert.ok(correlation(wall!, face!) > 0.98);
  const lamp = wall!.map((_, i) => Math.sin((2 * Math.PI * 1.2 * i) / 30));
  assert.ok(correlation(wall!, lamp) > 0.98);
});
