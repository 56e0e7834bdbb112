import assert from "node:assert/strict";
import type { Frame, Picture } from "../../../src/capture/frame.ts";
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

interface Seen {
  readonly truth: TruthSample[];
  readonly frames: { readonly sequence: number; readonly values: number[] }[];
}

/** Takes seconds of pictures, and what `measure` finds in each. */
async function look(
  options: SimulatedCameraOptions,
  measure: (picture: Picture) => number[],
): Promise<Seen> {
  const truth: TruthSample[] = [];
  await using camera = new SimulatedCamera({
    ...SMALL,
    ...options,
    onTruth: (sample) => truth.push(sample),
  });
  const frames = await takeFrames(camera, {
    count: Infinity,
    look: ({ sequence, picture }: Frame) => ({ sequence, values: measure(picture) }),
  });
  return { truth, frames };
}

/** The middle of the face, and a piece of wall. */
const FACE = [0.45, 0.3, 0.58, 0.52] as const;
const WALL = [0.02, 0.1, 0.14, 0.6] as const;

/** Standard deviation as a share of the mean. */
function swing(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) /
    mean;
}

for (const noise of [0, 3]) {
  Deno.test(`the face's mean colour carries the pulse wave under noise of ${noise}`, async () => {
    const { truth, frames } = await look(
      { noise, durationS: 8, breathing: 0, width: 640, height: 480 },
      (picture) => meanRgb(picture, FACE),
    );
    const bvp = truth.map((sample) => sample.bvp);
    const green = frames.map(({ values }) => values[1]!);
    // More blood, less light.
    assert.ok(correlation(bvp, green) < -0.97, `correlation ${correlation(bvp, green)}`);
    const share = swing(green) / (swing(bvp.map((value) => 1 + value)) * 0.01);
    assert.ok(share > 0.4 && share < 0.85, `${share} of the amplitude is in green`);
    const red = frames.map(({ values }) => values[0]!);
    assert.ok(swing(red) < 0.65 * swing(green), "red pulses less than green");
  });
}

Deno.test("the wall has no pulse, and a photograph has none either", async () => {
  const options = { noise: 0.5, durationS: 6 };
  const living = await look(options, (picture) => meanRgb(picture, WALL));
  const photo = await look({ ...options, scene: "photo" }, (picture) => meanRgb(picture, FACE));
  for (const { frames, truth } of [living, photo]) {
    const green = frames.map(({ values }) => values[1]!);
    assert.ok(swing(green) < 2e-4, `swing ${swing(green)}`);
    assert.ok(Math.abs(correlation(truth.map(({ bvp }) => bvp), green)) < 0.3);
  }
});

Deno.test("the chest rises with the breath, and the wall does not", async () => {
  // A bright edge of the collar moves through these rows.
  const collar = [0.46, 0.6, 0.54, 0.78] as const;
  const centre = ({ y, width, height }: Picture) => {
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
  const { truth, frames } = await look(
    { noise: 1, durationS: 8, width: 640, height: 480, pulse: 0 },
    centre,
  );
  const breath = truth.map((sample) => sample.breath);
  const along = correlation(breath, frames.map(({ values }) => values[0]!));
  assert.ok(Math.abs(along) > 0.95, `correlation ${along}`);
});

Deno.test("the same seed gives the same pictures bit for bit, another seed others", async () => {
  const options = { durationS: 1, noise: 2, motion: 3, light: 0.1, frameDrop: 0.2 };
  const sum = async (seed: number) => {
    const { frames, truth } = await look({ ...options, seed }, ({ y, u, v }) => {
      let hash = 0;
      for (const plane of [y, u!, v!]) for (const byte of plane) hash = (hash * 31 + byte) | 0;
      return [hash];
    });
    return JSON.stringify({ frames, truth });
  };
  assert.equal(await sum(5), await sum(5));
  assert.notEqual(await sum(5), await sum(6));
});

Deno.test("dropped frames leave gaps in the count and true times", async () => {
  await using camera = new SimulatedCamera({ ...SMALL, durationS: 10, frameDrop: 0.3 });
  const frames = await takeFrames(camera, {
    count: Infinity,
    look: ({ sequence, timeUs }) => ({ sequence, timeUs }),
  });
  assert.ok(frames.length > 180 && frames.length < 240, `${frames.length} of 300`);
  for (const { sequence, timeUs } of frames) {
    const expected = ((sequence - frames[0]!.sequence) * 1e6) / 30;
    assert.ok(Math.abs(timeUs - frames[0]!.timeUs - expected) <= 1);
  }
});

Deno.test("each scene looks as it should", async () => {
  const brightness = async (scene: SceneName) => {
    const { frames } = await look(
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

Deno.test("a lamp flickers 72 times a minute over wall and face alike", async () => {
  const { frames } = await look(
    { scene: "flicker", noise: 1, durationS: 5 },
    (picture) => [meanRgb(picture, WALL)[1]!, meanRgb(picture, FACE)[1]!],
  );
  const [wall, face] = [0, 1].map((i) => frames.map(({ values }) => values[i]!));
  assert.ok(correlation(wall!, face!) > 0.98);
  const lamp = wall!.map((_, i) => Math.sin((2 * Math.PI * 1.2 * i) / 30));
  assert.ok(correlation(wall!, lamp) > 0.98);
});
