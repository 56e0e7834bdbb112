import { withEnvironment } from "../../../support/environment.ts";
import assert from "node:assert/strict";
import { type MonotonicUs, monotonicUs } from "../../../../src/base/time.ts";
import type { Frame } from "../../../../src/capture/frame.ts";
import {
  SimulatedCamera,
  type SimulatedCameraOptions,
} from "../../../../src/capture/simulator/camera.ts";
import { Renderer, type SceneState } from "../../../../src/capture/simulator/renderer.ts";
import { SCENES } from "../../../../src/capture/simulator/scene.ts";
import { simulateTruth, type TruthSample } from "../../../../src/capture/simulator/truth.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { writeProgram } from "../../../support/programs.ts";

/** A program in place of ffmpeg that gives a grey portrait of any size. */
async function withGreyPortrait<Result>(use: () => Promise<Result>): Promise<Result> {
  using folder = temporaryFolder();
  const path = `${folder.path}/ffmpeg`;
  writeProgram(
    path,
    `#!/bin/sh
case "$*" in
  *-version*) echo "ffmpeg version 7"; echo "libavutil      59. 0.100 / 59. 0.100"; exit;;
esac
width=$(echo "$*" | sed 's/.*scale=\\([0-9]*\\):.*/\\1/')
height=$(echo "$*" | sed 's/.*scale=[0-9]*:\\([0-9]*\\):.*/\\1/')
head -c $((width * height * 3)) /dev/zero
`,
  );
  return await withEnvironment(
    { PHYSIOLOGY_FFMPEG: path, PHYSIOLOGY_FFMPEG_SANDBOX: "off" },
    use,
  );
}

/** A clock that advances by the sleeps alone, and records them. */
class SleepingClock extends SystemClock {
  nowUs = 1_000_000;
  readonly sleeps: number[] = [];

  override monotonicUs(): MonotonicUs {
    return monotonicUs(this.nowUs);
  }

  override sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.nowUs += 1000 * ms;
    return Promise.resolve();
  }
}

interface Seen {
  readonly frames: { readonly timeUs: number; readonly sequence: number }[];
  readonly states: SceneState[];
  readonly truth: TruthSample[];
}

/** Runs a camera to its end and returns what it drew. */
async function run(
  options: SimulatedCameraOptions,
  onFrame: (frame: Frame) => void = () => {},
): Promise<Seen> {
  const seen: Seen = { frames: [], states: [], truth: [] };
  const { draw } = Renderer.prototype;
  Renderer.prototype.draw = function (state, pool) {
    seen.states.push(state);
    return draw.call(this, state, pool);
  };
  try {
    await withGreyPortrait(async () => {
      await using camera = new SimulatedCamera({
        width: 64,
        height: 48,
        scene: "empty",
        realtime: false,
        durationS: 1,
        clock: new SleepingClock(),
        ...options,
        onTruth: (truth, timeUs) => {
          seen.truth.push(truth);
          options.onTruth?.(truth, timeUs);
        },
      });
      for await (const event of camera) {
        if (event.kind !== "frame") continue;
        using frame = event.frame;
        seen.frames.push({ timeUs: frame.timeUs, sequence: frame.sequence });
        onFrame(frame);
      }
    });
  } finally {
    Renderer.prototype.draw = draw;
  }
  return seen;
}

const near = (actual: number, expected: number, within = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= within, `${actual}, not ${expected}`);

Deno.test("SimulatedCamera yields frames at its rate from the start on, with their truth", async () => {
  const times: number[] = [];
  const { frames, truth, states } = await run({
    fps: 25,
    durationS: 0.42,
    onTruth: (_truth, timeUs) => times.push(timeUs),
  });
  assert.deepEqual(
    frames,
    Array.from({ length: 11 }, (_, i) => ({ timeUs: 1_000_000 + 40_000 * i, sequence: i })),
  );
  assert.deepEqual(times, frames.map(({ timeUs }) => timeUs));
  assert.deepEqual(truth.map(({ timeS }) => timeS), frames.map(({ sequence }) => sequence / 25));
  assert.deepEqual(states.map(({ index }) => index), frames.map(({ sequence }) => sequence));
});

Deno.test("SimulatedCamera takes 640 by 480 pixels at 30 fps, a pulse of 72 and 15 breaths per minute by default", async () => {
  await using camera = new SimulatedCamera();
  assert.equal(
    camera.description,
    "simulated camera (person): 640x480 at 30 fps, pulse 72/min, breathing 15/min",
  );
  assert.deepEqual([camera.nominalFps, camera.realtime], [30, true]);
  const { truth } = await run({ durationS: 3 });
  assert.deepEqual(
    truth.map(({ bvp }) => bvp),
    [...simulateTruth({ pulse: 72, breathing: 15, variability: 1, seed: 1, durationS: 3 }).bvp],
  );
});

Deno.test("SimulatedCamera states the size of its image and gives its buffer back once", async () => {
  const buffers = new Set<ArrayBufferLike>();
  await run({ width: 66, height: 50, durationS: 2 }, (frame) => {
    const { image, width, height } = frame;
    assert.deepEqual([width, height, image.width, image.height], [66, 50, 66, 50]);
    buffers.add(image.y.buffer);
    frame[Symbol.dispose](); // a second time is harmless
  });
  assert.equal(buffers.size, 1);
});

Deno.test("SimulatedCamera never gives one buffer to two frames in use", async () => {
  await using camera = new SimulatedCamera({
    width: 64,
    height: 48,
    scene: "empty",
    realtime: false,
    durationS: 1,
  });
  const held: Frame[] = [];
  for await (const event of camera) if (event.kind === "frame") held.push(event.frame);
  assert.equal(new Set(held.map(({ image }) => image.y.buffer)).size, 30);
  for (const frame of held) frame[Symbol.dispose]();
});

Deno.test("SimulatedCamera loses the stated share of frames and keeps the sequence numbers", async () => {
  const { frames } = await run({ durationS: 20, frameDrop: 0.25, fps: 20 });
  assert.ok(Math.abs(frames.length - 300) < 35, `${frames.length} of 400`);
  for (const { timeUs, sequence } of frames) assert.equal(timeUs, 1_000_000 + 50_000 * sequence);
  assert.equal((await run({ durationS: 20, fps: 20 })).frames.length, 400);
});

Deno.test("SimulatedCamera waits in real time until each frame is due", async () => {
  const clock = new SleepingClock();
  const { frames } = await run({ realtime: true, fps: 50, durationS: 0.1, clock });
  assert.equal(frames.length, 5);
  assert.deepEqual(clock.sleeps, [20, 20, 20, 20]);
});

Deno.test("SimulatedCamera does not sleep for less than 1 ms", async () => {
  const clock = new SleepingClock();
  const lateness = [19_001, 0];
  await run(
    { realtime: true, fps: 50, durationS: 0.06, clock },
    () => clock.nowUs += lateness.shift() ?? 0,
  );
  // The second frame is due in 0.999 ms, the third 20 ms later.
  assert.equal(clock.sleeps.length, 1);
  near(clock.sleeps[0]!, 20.999);
  const exact = new SleepingClock();
  const delays = [19_000, 0];
  await run(
    { realtime: true, fps: 50, durationS: 0.04, clock: exact },
    () => exact.nowUs += delays.shift() ?? 0,
  );
  assert.deepEqual(exact.sleeps, [1]);
});

Deno.test("SimulatedCamera loses frames for a consumer that is over four frames late", async () => {
  const sequencesAfter = async (lateUs: number) => {
    const clock = new SleepingClock();
    const delays = [lateUs];
    const options = { realtime: true, fps: 50, durationS: 0.2, clock };
    const { frames } = await run(options, () => clock.nowUs += delays.shift() ?? 0);
    return frames.map(({ sequence }) => sequence);
  };
  assert.deepEqual((await sequencesAfter(100_000)).slice(0, 3), [0, 1, 2]);
  assert.deepEqual((await sequencesAfter(100_001)).slice(0, 3), [0, 2, 3]);
  assert.deepEqual((await sequencesAfter(150_000)).slice(0, 3), [0, 4, 5]);
});

Deno.test("SimulatedCamera at full speed lets other work run before every eighth frame", async () => {
  const clock = new SleepingClock();
  const { frames } = await run({ durationS: 0.8, clock });
  assert.equal(frames.length, 24);
  assert.deepEqual(clock.sleeps, [0, 0, 0]);
});

Deno.test("SimulatedCamera ends when it is disposed", async () => {
  const camera = new SimulatedCamera({ width: 64, height: 48, scene: "empty", realtime: false });
  let count = 0;
  for await (const event of camera) {
    if (event.kind === "frame") event.frame[Symbol.dispose]();
    if (++count === 3) await camera[Symbol.asyncDispose]();
  }
  assert.equal(count, 3);
});

/** Sines of the given frequencies at a time, on average; each begins with its own phase. */
function waves(hz: readonly number[], timeS: number, phase: (index: number) => number): number {
  const sum = hz.reduce(
    (total, each, i) => total + Math.sin(2 * Math.PI * each * timeS + phase(i)),
    0,
  );
  return sum / hz.length;
}

Deno.test("SimulatedCamera sways slowly, vertically less, in proportion to the width", async () => {
  const { states } = await run({ scene: "person", motion: 8, width: 128, durationS: 20, fps: 5 });
  const hz = [0.07, 0.13, 0.29];
  for (const { index, swayX, swayY } of states) {
    near(swayX, 8 * (128 / 640) * waves(hz, index / 5, (i) => 2 * i));
    near(swayY, 0.4 * 8 * (128 / 640) * waves(hz, index / 5, (i) => 3 * i + Math.PI / 2));
  }
});

Deno.test("SimulatedCamera drifts in light, slower than a pulse", async () => {
  const { states } = await run({ light: 0.2, durationS: 60, fps: 2 });
  for (const { index, light } of states) {
    near(light, 1 + 0.2 * waves([0.011, 0.023, 0.047], index / 2, (i) => i));
  }
});

Deno.test("SimulatedCamera raises the chest with the breath, in proportion to the height", async () => {
  const { states, truth } = await run({ scene: "person", height: 96, width: 96, durationS: 5 });
  for (const [i, { rise }] of states.entries()) near(rise, truth[i]!.breath * 2.5 * (96 / 480));
  const large = await run({ scene: "person", chestRise: 10, durationS: 5 });
  near(Math.max(...large.states.map(({ rise }) => rise)), 1, 0.2);
});

Deno.test("SimulatedCamera modulates the blood volume by the breath", async () => {
  const { states, truth } = await run({ durationS: 5 });
  for (const [i, { pulse }] of states.entries()) {
    near(pulse, truth[i]!.bvp + 0.1 * (truth[i]!.breath - 0.5));
  }
});

for (
  const [scene, light, living] of [
    ["person", 1, true],
    ["two_faces", 1, true],
    ["photo", 1, false],
    ["empty", 1, true],
    ["dark", 0.09, true],
    ["bright", 2.6, true],
  ] as const
) {
  Deno.test(`SimulatedCamera shows the scene ${scene} in a light of ${light}${living ? "" : ", without motion"}`, async () => {
    const { states } = await run({ scene, motion: 8, durationS: 2 });
    for (const state of states) near(state.light, light);
    const moves = states.some(({ rise, swayX }) => rise !== 0 || swayX !== 0);
    assert.equal(moves, living);
  });
}

Deno.test("SimulatedCamera flickers by 0.6 % with 72 per minute, without motion", async () => {
  const { states } = await run({ scene: "flicker", motion: 8, durationS: 2 });
  for (const { index, light, rise, swayX } of states) {
    near(light, 1 + 0.006 * Math.sin((2 * Math.PI * 1.2 * index) / 30));
    assert.deepEqual([rise, swayX + 0], [0, 0]);
  }
});

Deno.test("SimulatedCamera passes noise and seed to the image", async () => {
  const lumaOf = async (options: SimulatedCameraOptions) => {
    let luma: number[] = [];
    await run({ durationS: 0.03, ...options }, ({ image }) => luma = [...image.y]);
    return luma;
  };
  const deviation = (a: number[], b: number[]) =>
    Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);
  const clean = await lumaOf({ noise: 0 });
  // Noise of 1 in red, green and blue is 0.67 in the luma; each image is rounded to levels.
  near(deviation(await lumaOf({}), clean), Math.sqrt(0.67 ** 2 + 2 / 12), 0.06);
  near(deviation(await lumaOf({ noise: 5 }), clean), 5 * 0.67, 0.2);
  assert.notDeepEqual(await lumaOf({ seed: 2 }), await lumaOf({}));
  assert.deepEqual(await lumaOf({ seed: 1 }), await lumaOf({}));
});

Deno.test("SimulatedCamera draws its people over the wall", async () => {
  const darkAt = async (scene: typeof SCENES[number]) => {
    let row: number[] = [];
    await run(
      { scene, noise: 0, durationS: 0.03 },
      ({ image }) => row = [...image.y.subarray(64 * 40, 64 * 41)],
    );
    return [4, 16, 32, 48, 60].map((x) => row[x]! < 20);
  };
  assert.deepEqual(await darkAt("empty"), [false, false, false, false, false]);
  assert.deepEqual(await darkAt("person"), [false, true, true, true, false]);
  assert.deepEqual(await darkAt("two_faces"), [true, true, false, true, true]);
});

Deno.test("SimulatedCamera delivers grayscale images in infrared, and says so", async () => {
  await using camera = new SimulatedCamera({ spectrum: "infrared" });
  assert.match(camera.description, /^simulated camera \(person, infrared\): 640x480/);
  for (const spectrum of ["visible", "infrared"] as const) {
    const hasChroma: boolean[] = [];
    await run({ spectrum, durationS: 0.1 }, ({ image }) => hasChroma.push(image.u !== undefined));
    assert.deepEqual(hasChroma, Array(3).fill(spectrum === "visible"));
  }
});
