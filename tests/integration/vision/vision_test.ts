import assert from "node:assert/strict";
import { openFfmpegSource } from "../../../src/capture/ffmpeg/source.ts";
import type { FrameSource } from "../../../src/capture/frame.ts";
import { SimulatedCamera } from "../../../src/capture/simulator/camera.ts";
import type { TruthSample } from "../../../src/capture/simulator/truth.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import { Vision } from "../../../src/vision/vision.ts";
import { testWithShared } from "../../support/shared_data.ts";
import { dominantRatePerMinute } from "../../support/dominant_rate.ts";

async function samplesOf(source: FrameSource, frames = Infinity): Promise<RegionSample[]> {
  await using vision = await Vision.open();
  const samples: RegionSample[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    samples.push(await vision.observeInOrder(frame));
    if (samples.length >= frames) break;
  }
  return samples;
}

async function ofVideo(input: string, frames?: number): Promise<RegionSample[]> {
  await using source = await openFfmpegSource({ input, realtime: false });
  return await samplesOf(source, frames);
}

type Simulation = Exclude<ConstructorParameters<typeof SimulatedCamera>[0], undefined>;

async function ofSimulation(options: Simulation) {
  const truth: TruthSample[] = [];
  await using source = new SimulatedCamera({
    durationS: 12,
    realtime: false,
    ...options,
    onTruth: (sample) => truth.push(sample),
  });
  return { samples: await samplesOf(source), truth };
}

/** Pearson's r of two series after subtracting a moving mean over 4 s at 30 fps from each. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((values) =>
    values.map((value, index) => {
      const near = values.slice(Math.max(0, index - 60), index + 61);
      return value - near.reduce((sum, one) => sum + one, 0) / near.length;
    })
  ) as [number[], number[]];
  const dot = (p: number[], q: number[]) =>
    p.reduce((sum, one, index) => sum + one * (q[index] ?? 0), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

function positions(samples: readonly RegionSample[], part: "chest" | "nose"): number[] {
  let position = 0;
  return samples.map((sample) => position += sample[part]?.dy ?? 0);
}

Deno.test("Vision follows the simulated pulse in the skin, and the breath in the chest", async () => {
  const { samples, truth } = await ofSimulation({ noise: 2, breathing: 20 });
  const from = 30;
  assert.ok(samples.slice(from).every(({ faceCount, regions }) => faceCount === 1 && regions.skin));
  const bvp = truth.slice(from).map((sample) => sample.bvp);
  for (const name of ["skin", "left_cheek", "right_cheek"] as const) {
    const green = samples.slice(from).map(({ regions }) => regions[name]?.g ?? 0);
    assert.ok(correlation(green, bvp) < -0.85, `${name} ${correlation(green, bvp)}`);
  }
  const breath = truth.slice(from).map((sample) => sample.breath);
  const chest = positions(samples, "chest").slice(from);
  assert.ok(correlation(chest, breath) < -0.98, "the chest rises with a breath");
  const rise = 480 * (Math.max(...chest) - Math.min(...chest));
  assert.ok(rise > 2 && rise < 3, `${rise} pixels of 480`);
});

Deno.test("Vision measures the pulse of a head that sways", async () => {
  const { samples, truth } = await ofSimulation({ motion: 6 });
  const green = samples.slice(30).map(({ regions }) => regions.skin?.g ?? 0);
  assert.ok(correlation(green, truth.slice(30).map(({ bvp }) => bvp)) < -0.7);
});

Deno.test("Vision counts the faces of two people and of an empty room", async () => {
  const two = await ofSimulation({ scene: "two_faces", durationS: 3 });
  assert.equal(two.samples.at(-1)?.faceCount, 2);
  const none = await ofSimulation({ scene: "empty", durationS: 6 });
  assert.ok(none.samples.every(({ face, faceCount }) => !face && faceCount === 0));
});

Deno.test("Vision gives the same samples for the same images", async () => {
  const [first, second] = await Promise.all([
    ofSimulation({ durationS: 3, motion: 4 }),
    ofSimulation({ durationS: 3, motion: 4 }),
  ]);
  const untimed = (samples: readonly RegionSample[]) =>
    samples.map(({ timeUs: _, ...rest }) => rest);
  // The times depend on the clock and are left out.
  const different = untimed(first.samples).filter((sample, index) =>
    Math.abs((sample.regions.skin?.g ?? 0) - (second.samples[index]?.regions.skin?.g ?? 0)) > 1e-3
  );
  assert.equal(different.length, 0);
});

Deno.test("Vision.observe() does not wait for the detector and finds the face a few frames later", async () => {
  await using vision = await Vision.open();
  await using source = new SimulatedCamera({ durationS: 6, realtime: false });
  const samples: RegionSample[] = [];
  for await (const event of source) {
    if (event.kind !== "frame") continue;
    using frame = event.frame;
    samples.push(vision.observe(frame));
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.equal(samples.at(-1)?.faceCount, 1);
  const first = samples.findIndex(({ face }) => face);
  assert.ok(first > 0 && first < 90, `the face came with frame ${first}`);
});

const FACE_REGIONS = ["glabella", "forehead", "left_cheek", "right_cheek", "skin"] as const;

/** Checks that every region of the face has the rate, in beats/min. */
function assertRates(samples: readonly RegionSample[], expected: number, tolerance: number): void {
  const times = samples.map(({ timeUs }) => timeUs);
  for (const name of FACE_REGIONS) {
    const rate = dominantRatePerMinute(times, samples.map(({ regions }) => regions[name]?.g ?? 0));
    assert.ok(Math.abs(rate - expected) <= tolerance, `${name}: ${rate} beats/min`);
  }
}

Deno.test("Vision finds the simulated face from the second frame on, and its pulse in every region", async () => {
  const { samples } = await ofSimulation({ pulse: 84, noise: 2 });
  assert.equal(samples.filter(({ faceCount }) => faceCount === 1).length, samples.length - 1);
  assertRates(samples.slice(1), 84, 1.5);
});

for (
  const [name, options] of [
    ["in little light", { scene: "dark", noise: 2 }],
    ["at 50 fps", { fps: 50 }],
    ["with lost frames", { frameDrop: 0.2 }],
  ] as const
) {
  Deno.test(`Vision keeps the track of the simulated face ${name}`, async () => {
    const { samples } = await ofSimulation({ durationS: 5, ...options });
    assert.ok(samples.slice(5).every(({ face, faceCount }) => face && faceCount === 1));
    assert.equal(new Set(samples.flatMap(({ face }) => face ? [face.track] : [])).size, 1);
  });
}

testWithShared(
  "Vision finds the face of evm_face from the second frame on, and its pulse in every region",
  [
    "data/video/evm_face.mp4",
  ],
  async ([path = ""]) => {
    const samples = await ofVideo(path);
    assert.equal(samples.filter(({ faceCount }) => faceCount === 1).length, samples.length - 1);
    assertRates(samples.slice(1), 53, 1.5);
  },
);

testWithShared("Vision finds no face in evm_wrist and the foreheads", [
  "data/video/evm_wrist.mp4",
  "data/video/deidentified_forehead_1.avi",
  "data/video/deidentified_forehead_28.avi",
], async (paths) => {
  for (const path of paths) {
    const samples = await ofVideo(path);
    assert.equal(samples.filter(({ face, faceCount }) => face || faceCount).length, 0, path);
  }
});

testWithShared("Vision keeps its track in poor light, at 50 fps and with the jitter of a webcam", [
  "data/video/light_75.mp4",
  "data/video/light_25.mp4",
  "data/video/vfr_webcam.mp4",
], async (paths) => {
  for (const path of paths) {
    const samples = await ofVideo(path, 150);
    assert.ok(samples.slice(5).every(({ face, faceCount }) => face && faceCount === 1), path);
    assert.equal(new Set(samples.flatMap(({ face }) => face ? [face.track] : [])).size, 1, path);
  }
});

testWithShared("Vision measures 28 breaths per minute in the chest of breathing_avatar", [
  "data/video/breathing_avatar.mp4",
], async ([path = ""]) => {
  const samples = await ofVideo(path, 600);
  const seen = samples.filter(({ chest }) => chest).length;
  assert.ok(seen > 450, `${seen} frames with a chest`);
  const chest = positions(samples.slice(-450), "chest");
  const crossings = chest.filter((value, index) => {
    const near = chest.slice(Math.max(0, index - 64), index + 65);
    const mean = near.reduce((sum, one) => sum + one, 0) / near.length;
    const before = chest[index - 1];
    return before !== undefined && before < mean && value >= mean;
  }).length;
  assert.ok(Math.abs(crossings / 15 * 60 - 28) <= 4, `${crossings} breaths in 15 s`);
});
