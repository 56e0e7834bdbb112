import assert from "node:assert/strict";
import { type LayoutOptions, RegionMeter, type Shape } from "../../../ffi/regions.ts";
import { monotonicUs } from "../../../src/base/time.ts";
import type { Frame, Image } from "../../../src/capture/frame.ts";
import { type Log, type LogFields, silentLog } from "../../../src/telemetry/log.ts";
import type { Detection } from "../../../src/vision/blazeface.ts";
import { rgbOf } from "../../../src/vision/color.ts";
import { type DetectOptions, FaceDetector } from "../../../src/vision/detector.ts";
import { PulseNetwork } from "../../../src/vision/pulse_network.ts";
import { Vision } from "../../../src/vision/vision.ts";
import { grey, paint } from "../../support/yuv.ts";

const SIZE = { width: 320, height: 240 } as const;
const COLOR = { range: "full", matrix: "bt601" } as const;

/** A frontal face 80 pixels wide whose box has its centre at `x`, `y` pixels. */
function faceAt(x = 160, y = 80, { width = 80, score = 0.9 } = {}): Detection {
  const at = (u: number, v: number) => ({
    x: (x + width * u) / SIZE.width,
    y: (y + width * v) / SIZE.height,
  });
  const from = at(-0.5, -0.5);
  return {
    score,
    box: { ...from, width: width / SIZE.width, height: width / SIZE.height },
    landmarks: {
      rightEye: at(-0.22, -0.2),
      leftEye: at(0.22, -0.2),
      nose: at(0, 0),
      mouth: at(0, 0.24),
      rightEar: at(-0.46, -0.11),
      leftEar: at(0.46, -0.11),
    },
  };
}

/** An image of skin with a fine pattern, moved by a number of pixels. */
function skin({ dx = 0, dy = 0, light = 0 } = {}): Image {
  return paint(SIZE, (x, y) => {
    const pattern = 12 * Math.sin(0.31 * (x - dx)) * Math.sin(0.27 * (y - dy)) +
      9 * Math.sin(0.17 * (x - dx) + 0.23 * (y - dy));
    return [140 + light + pattern, 112, 150];
  });
}

function frameOf(image: Image, timeUs: number, sequence = 0): Frame {
  return {
    timeUs: monotonicUs(timeUs),
    sequence,
    ...SIZE,
    image,
    [Symbol.dispose]() {},
  };
}

/** What a fake pulse network was asked to do. */
interface FakeNetwork {
  readonly processed: { readonly track: number; readonly timeUs: number; everyFrame?: boolean }[];
  sample: { readonly timeUs: number; readonly value: number } | undefined;
  tooSlow: boolean;
  fails: boolean;
  disposed: number;
}

interface Started {
  readonly vision: Vision;
  /** Times of the detections in microseconds, and their options. */
  readonly detections: { readonly timeUs: number; readonly options: DetectOptions }[];
  /** Layouts of the masks. */
  readonly layouts: (LayoutOptions & { readonly shapes: readonly Shape[] })[];
  readonly network: FakeNetwork;
  readonly logged: (readonly [level: string, message: string, LogFields | undefined])[];
  /** Observes an image in order. */
  readonly observe: (timeUs: number, image?: Image) => ReturnType<Vision["observeInOrder"]>;
  /** Frees the detector and the meter. */
  readonly disposed: { detector: number; meter: number };
}

/**
 * Opens the vision with a detector that finds what `detect` returns, and a fake pulse network.
 *
 * @param use runs while the vision is open.
 */
async function withVision(
  detect: (index: number) => readonly Detection[] | Promise<readonly Detection[]>,
  use: (started: Started) => Promise<void>,
  { pulseModelPath }: { pulseModelPath?: string } = {},
): Promise<void> {
  const network: FakeNetwork = {
    processed: [],
    sample: undefined,
    tooSlow: false,
    fails: false,
    disposed: 0,
  };
  const layouts: Started["layouts"] = [];
  const detections: Started["detections"] = [];
  const logged: Started["logged"] = [];
  const disposed = { detector: 0, meter: 0 };
  let nowUs = 0;
  const originals = [FaceDetector.open, PulseNetwork.open, RegionMeter.prototype.layout] as const;
  const dispose = RegionMeter.prototype[Symbol.dispose];
  FaceDetector.open = () =>
    Promise.resolve({
      detect(_image: Image, options: DetectOptions) {
        detections.push({ timeUs: nowUs, options });
        return Promise.resolve().then(() => detect(detections.length - 1));
      },
      [Symbol.dispose]: () => void disposed.detector++,
    } as unknown as FaceDetector);
  PulseNetwork.open = (path) => {
    if (path === "missing") return Promise.reject(new Error("no such model"));
    return Promise.resolve({
      get tooSlow() {
        return network.tooSlow;
      },
      runMs: 81.6,
      process(_image: Image, face: { track: number }, options: { timeUs: number }) {
        network.processed.push({ track: face.track, ...options });
        return network.fails ? Promise.reject(new Error("out of memory")) : Promise.resolve();
      },
      takeSample() {
        const { sample } = network;
        network.sample = undefined;
        return sample;
      },
      [Symbol.asyncDispose]: () => Promise.resolve(void network.disposed++),
    } as unknown as PulseNetwork);
  };
  RegionMeter.prototype.layout = function (planes, shapes, options) {
    layouts.push({ ...options, shapes });
    originals[2].call(this, planes, shapes, options);
  };
  RegionMeter.prototype[Symbol.dispose] = function () {
    disposed.meter++;
    dispose.call(this);
  };
  const log: Log = {
    ...silentLog,
    rateLimited: (_key, _seconds, level, message, fields) =>
      void logged.push([level, message, fields]),
  };
  try {
    const options = { log, ...pulseModelPath !== undefined && { pulseModelPath } };
    await using vision = await Vision.open(options);
    const observe = (timeUs: number, image = IMAGE) => {
      nowUs = timeUs;
      return vision.observeInOrder(frameOf(image, timeUs));
    };
    await use({ vision, detections, layouts, network, logged, observe, disposed });
  } finally {
    [FaceDetector.open, PulseNetwork.open, RegionMeter.prototype.layout] = originals;
    RegionMeter.prototype[Symbol.dispose] = dispose;
  }
}

const IMAGE = skin();
const near = (actual: number | undefined, expected: number, within: number) =>
  assert.ok(Math.abs((actual ?? NaN) - expected) <= within, `${actual}, not ${expected}`);

/** Observes at each time and returns the times at which a detection was made. */
async function detectionTimes(
  detect: Parameters<typeof withVision>[0],
  timesUs: readonly number[],
): Promise<number[]> {
  let times: number[] = [];
  await withVision(detect, async ({ detections, observe }) => {
    for (const timeUs of timesUs) await observe(timeUs);
    times = detections.map(({ timeUs }) => timeUs);
  });
  return times;
}

Deno.test("Vision looks for a face every 100 ms", async () => {
  const times = [7_000, 106_999, 107_000, 206_999, 207_000];
  assert.deepEqual(await detectionTimes(() => [], times), [7_000, 107_000, 207_000]);
});

Deno.test("Vision detects a face every 200 ms, and one that is still every 500 ms", async () => {
  const stepUs = 100_000;
  const times = Array.from({ length: 31 }, (_, k) => k * stepUs);
  const seen = await detectionTimes(() => [faceAt()], times);
  // The second detection confirms the face, with the tenth one its box has settled.
  assert.deepEqual(seen, [0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 22, 27].map((k) => k * stepUs));
});

Deno.test("Vision detects a face that moves at least every 200 ms", async () => {
  let dx = 0;
  await withVision(() => [faceAt(160 + dx)], async ({ observe, detections }) => {
    for (let k = 0; k <= 9; k++) {
      dx = 3 * k;
      await observe(k * 100_000, skin({ dx }));
    }
    const gaps = detections.slice(1).map(({ timeUs }, k) => timeUs - detections[k]!.timeUs);
    assert.ok(gaps.every((gapUs) => gapUs <= 200_000), gaps.join());
    assert.ok(gaps.length >= 5);
  });
});

Deno.test("Vision detects a face that changes at once, if 200 ms have passed", async () => {
  const blank = paint(SIZE, (x) => [60 + x / 4, 128, 128]);
  await withVision(() => [faceAt()], async ({ observe, detections }) => {
    for (let k = 0; k <= 20; k++) await observe(k * 100_000);
    assert.equal(detections.at(-1)!.timeUs, 1_700_000);
    for (let k = 1; k < 3; k++) await observe(2_000_000 + k * 33_000, blank);
    // The frame after the first one that differs.
    assert.equal(detections.at(-1)!.timeUs, 2_066_000);
  });
});

Deno.test("Vision detects a tentative face in each frame, six times, then every 100 ms", async () => {
  const weak = faceAt(160, 80, { score: 0.6 });
  const times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 100_005, 100_006, 100_007];
  assert.deepEqual(await detectionTimes(() => [weak], times), [0, 1, 2, 3, 4, 5, 6, 100_006]);
});

Deno.test("Vision detects each new tentative face six times without delay", async () => {
  const weak = faceAt(160, 80, { score: 0.6 });
  // A tentative face is forgotten after five misses.
  const detect = (index: number) => index < 7 || index >= 12 ? [weak] : [];
  const times = Array.from({ length: 83 }, (_, index) => index * 10_000);
  const seen = await detectionTimes(detect, times);
  const last = seen.slice(-8).map((timeUs) => timeUs - seen.at(-8)!);
  assert.deepEqual(last, [0, 1, 2, 3, 4, 5, 6, 16].map((step) => step * 10_000));
});

Deno.test("Vision detects at once if the time goes back", async () => {
  assert.deepEqual(await detectionTimes(() => [], [500_000, 400_000, 450_000]), [500_000, 400_000]);
});

Deno.test("Vision takes over the view and threshold of the scheduler", async () => {
  await withVision(() => [], async ({ detections, observe }) => {
    for (const timeUs of [0, 100_000]) await observe(timeUs);
    const [whole, half] = detections.map(({ options }) => options);
    assert.deepEqual(whole?.view, { x: 0, y: -40, size: 320 });
    assert.deepEqual(half?.view, { x: 80, y: 0, size: 160 });
    assert.equal(half?.threshold, 0.5);
  });
});

Deno.test("Vision confirms a face in a part of the frame by a score of 0.8 only", async () => {
  const countAfter = async (score: number) => {
    const small = faceAt(160, 80, { width: 40, score });
    let count = 0;
    await withVision(() => [small], async ({ observe }) => {
      for (const timeUs of [0, 1, 2]) count = (await observe(timeUs)).faceCount;
    });
    return count;
  };
  assert.equal(await countAfter(0.81), 1);
  assert.equal(await countAfter(0.79), 0);
});

for (const [x, y] of [[280, 90], [60, 215]] as const) {
  Deno.test(`Vision does not miss a face at ${x}, ${y} outside of the searched part of the image`, async () => {
    const main = faceAt(60, 80, { width: 50 });
    const other = faceAt(x, y, { width: 30 });
    const detect = (index: number) => index < 2 ? [main, other] : [main];
    await withVision(detect, async ({ observe, detections }) => {
      for (const timeUs of [0, 1]) await observe(timeUs);
      assert.equal((await observe(200_001)).faceCount, 2);
      assert.ok((detections.at(-1)?.options.view?.size ?? 320) < 320);
      assert.equal((await observe(400_001)).faceCount, 1);
      assert.equal(detections.at(-1)?.options.view?.size, 320);
    });
  });
}

Deno.test("Vision takes a face 0.9 face widths below for another one", async () => {
  const detect = (index: number) => [faceAt(160, index < 2 ? 80 : 152)];
  await withVision(detect, async ({ observe }) => {
    for (const timeUs of [0, 1]) await observe(timeUs);
    assert.equal((await observe(200_001)).faceCount, 0);
  });
});

for (
  const { offset, nose, chest } of [
    { offset: 0.1, nose: 0, chest: 0 },
    { offset: 0.15, nose: 1, chest: 0 },
    { offset: 0.23, nose: 1, chest: 1 },
  ]
) {
  Deno.test(`Vision moves the patch of the nose ${nose} times and that of the chest ${chest} times for a face ${offset} widths away`, async () => {
    const { track } = RegionMeter.prototype;
    const moves = [0, 0];
    RegionMeter.prototype.track = function (motion, rectangle, region) {
      moves[motion]!++;
      track.call(this, motion, rectangle, region);
    };
    try {
      const detect = (index: number) => [faceAt(160 + (index < 2 ? 0 : 80 * offset))];
      await withVision(detect, async ({ observe }) => {
        for (const timeUs of [0, 1]) await observe(timeUs);
        assert.deepEqual(moves, [1, 1]);
        for (let index = 1; index < 10; index++) await observe(index * 200_001);
        assert.deepEqual(moves, [1 + chest, 1 + nose]);
      });
    } finally {
      RegionMeter.prototype.track = track;
    }
  });
}

Deno.test("Vision reports brightness, clipped share and motion of an image without a face", async () => {
  await withVision(() => [], async ({ vision }) => {
    const flat = (luma: number) => paint(SIZE, (x) => [x < 80 ? 255 : luma, 128, 128]);
    await vision.observeInOrder(frameOf(flat(100), 5, 8));
    const sample = await vision.observeInOrder(frameOf(flat(106), 1_000_005, 9));
    const { brightness, clipped, motion, ...rest } = sample;
    assert.deepEqual(rest, { timeUs: 1_000_005, sequence: 9, regions: {}, faceCount: 0 });
    near(brightness, (255 + 3 * 106) / 4, 1e-9);
    near(clipped, 0.25, 1e-9);
    near(motion, 4.5, 1e-9);
  });
});

for (const color of [COLOR, { range: "limited", matrix: "bt709" }] as const) {
  Deno.test(`Vision measures the mean color of each region in ${color.range} range by ${color.matrix}`, async () => {
    const image = paint({ ...SIZE, color }, () => [130, 112, 150]);
    const expected = rgbOf(130, 112, 150, color);
    await withVision(() => [faceAt()], async ({ observe }) => {
      await observe(0, image);
      const { regions, face, faceCount } = await observe(100_000, image);
      assert.equal(faceCount, 1);
      near(face?.box.x, 0.375, 1e-6);
      assert.deepEqual(Object.keys(regions).sort(), [
        "background",
        "chest",
        "forehead",
        "glabella",
        "left_cheek",
        "right_cheek",
        "skin",
      ]);
      for (const [name, region] of Object.entries(regions)) {
        for (const channel of ["r", "g", "b"] as const) {
          near(region[channel], expected[channel], 1e-6);
        }
        assert.equal(region.clipped, 0, name);
        assert.ok(region.pixels >= 16, name);
      }
    });
  });
}

Deno.test("Vision reports the clipped share of a region's pixels", async () => {
  // The left half of the face is overexposed.
  const image = paint(SIZE, (x) => [x < 160 ? 255 : 150, 128, 128]);
  await withVision(() => [faceAt()], async ({ observe }) => {
    await observe(0, image);
    const { regions } = await observe(100_000, image);
    near(regions.background?.clipped, 0.5, 0.1);
    assert.equal(regions.right_cheek?.clipped ?? 1, 1);
    assert.equal(regions.left_cheek?.clipped ?? 0, 0);
  });
});

Deno.test("Vision leaves out regions of fewer than 16 pixels", async () => {
  const namesAt = async (width: number) => {
    let names: string[] = [];
    await withVision(() => [faceAt(160, 80, { width })], async ({ observe }) => {
      for (const timeUs of [0, 1]) await observe(timeUs);
      names = Object.keys((await observe(2)).regions);
    });
    return names;
  };
  assert.ok((await namesAt(30)).includes("glabella"));
  const small = await namesAt(16);
  assert.ok(!small.includes("glabella") && small.includes("skin"), `${small}`);
});

Deno.test("Vision reports the motion of chest and nose in image heights, downward positive", async () => {
  await withVision(() => [faceAt()], async ({ observe }) => {
    await observe(0);
    await observe(100_000);
    await observe(110_000);
    for (let step = 1; step <= 5; step++) {
      const { chest, nose } = await observe(110_000 + step * 10_000, skin({ dy: 0.5 * step }));
      near(chest?.dy, 0.5 / 240, 0.08 / 240);
      near(nose?.dy, 0.5 / 240, 0.08 / 240);
      assert.ok(chest!.confidence > 0.5 && nose!.confidence > 0.5);
    }
  });
});

Deno.test("Vision moves the box of the face with the nose between detections", async () => {
  await withVision(() => [faceAt()], async ({ observe, layouts }) => {
    await observe(0);
    const before = (await observe(100_000)).face!.box;
    await observe(110_000);
    for (let step = 1; step <= 8; step++) {
      await observe(110_000 + step * 10_000, skin({ dx: 0.5 * step, dy: -0.25 * step }));
    }
    const { x, y } = (await observe(199_000, skin({ dx: 4, dy: -2 }))).face!.box;
    near(x, before.x + 4 / 320, 0.3 / 320);
    near(y, before.y - 2 / 240, 0.3 / 240);
    assert.equal(layouts.length, 1, "the masks follow without a new layout");
  });
});

Deno.test("Vision lays the masks out again when they moved by 0.2 face widths", async () => {
  const layoutsAt = async (pixels: number) => {
    let count = 0;
    await withVision(
      (index) => [faceAt(160 + (index < 2 ? 0 : pixels))],
      async ({ observe, layouts }) => {
        await observe(0);
        await observe(100_000);
        const steps = Math.ceil(pixels / 0.7);
        for (let step = 0; step <= steps; step++) {
          const dx = (pixels * step) / steps;
          await observe(110_000 + step * 1000, skin({ dx }));
        }
        await observe(190_000, skin({ dx: pixels }));
        count = layouts.length - 1;
        if (count > 0) assert.equal(layouts[1]?.fade, 40);
      },
    );
    return count;
  };
  assert.equal(await layoutsAt(14.5), 0);
  assert.equal(await layoutsAt(17.5), 1);
});

Deno.test("Vision applies the masks of a new face at once, and limits the measured motion to its inside", async () => {
  await withVision(() => [faceAt()], async ({ observe, layouts }) => {
    await observe(0);
    await observe(100_000);
    assert.equal(layouts.length, 1);
    const [{ fade, face, shapes }] = layouts as [Started["layouts"][number]];
    assert.equal(fade, 255);
    assert.deepEqual(
      Object.values(face!).map((value) => Math.round(1000 * value) / 1000),
      [120 + 12, 40 + 8, 56, 64],
    );
    assert.ok(shapes.length > 10);
  });
});

Deno.test("Vision removes the masks of a face that was lost, once", async () => {
  const detect = (index: number) => index < 2 ? [faceAt()] : [];
  await withVision(detect, async ({ observe, layouts }) => {
    await observe(0);
    assert.ok((await observe(100_000)).chest);
    const { face, chest, nose, regions } = await observe(1_100_000);
    assert.deepEqual([face, chest, nose, regions], [undefined, undefined, undefined, {}]);
    await observe(1_200_000);
    assert.deepEqual(layouts.slice(1).map(({ shapes, fade }) => [shapes.length, fade]), [[0, 255]]);
  });
});

Deno.test("Vision applies the masks at once for another person", async () => {
  const detect = (index: number) => index < 2 ? [faceAt(80)] : [faceAt(240)];
  await withVision(detect, async ({ observe, layouts }) => {
    for (let index = 0; index < 12; index++) await observe(index * 200_000);
    const fades = layouts.filter(({ shapes }) => shapes.length > 0).map(({ fade }) => fade);
    assert.deepEqual(fades, [255, 255]);
  });
});

Deno.test("Vision lays out the masks of a moving face with a quick fade", async () => {
  const detect = (index: number) => [faceAt(index < 2 ? 160 : 180)];
  await withVision(detect, async ({ observe, layouts }) => {
    await observe(0);
    await observe(100_000);
    await observe(300_000);
    assert.deepEqual(layouts.map(({ fade }) => fade), [255, 40]);
    await observe(310_000);
    assert.equal(layouts.length, 3, "it is laid out in each frame while it moves");
  });
});

for (
  const { name, timeUs, light, remasks } of [
    { name: "10 s after the last", timeUs: 10_100_000, light: 0, remasks: false },
    { name: "later than 10 s after the last", timeUs: 10_100_001, light: 0, remasks: true },
    { name: "1 s after the last in 20 % more light", timeUs: 1_100_001, light: 28, remasks: true },
    { name: "1 s after the last in 20 % less light", timeUs: 1_100_001, light: -28, remasks: true },
    { name: "1 s after the last in 10 % more light", timeUs: 1_100_001, light: 13, remasks: false },
    { name: "before 1 s in 20 % more light", timeUs: 1_099_000, light: 28, remasks: false },
  ]
) {
  Deno.test(`Vision ${remasks ? "computes" : "keeps"} the skin mask ${name}`, async () => {
    await withVision(() => [faceAt()], async ({ observe, layouts }) => {
      const image = skin({ light });
      await observe(0);
      await observe(100_000);
      for (let us = 300_000; us < timeUs - 20_000; us += 700_000) await observe(us);
      // The light of one frame decides about the masks of the next.
      await observe(timeUs - 10_000, image);
      assert.equal(layouts.length, 1);
      await observe(timeUs, image);
      assert.deepEqual(layouts.slice(1).map(({ fade }) => fade), remasks ? [8] : []);
    });
  });
}

Deno.test("Vision.observe() does not wait for the detector, which runs once at a time", async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const detect = async (index: number) => {
    await gates[index]?.promise;
    return [faceAt()];
  };
  await withVision(detect, async ({ vision, detections }) => {
    const observe = (timeUs: number) => vision.observe(frameOf(IMAGE, timeUs));
    observe(0);
    observe(200_000);
    observe(400_000);
    await Promise.resolve();
    assert.equal(detections.length, 1);
    for (const gate of gates) gate.resolve();
    for (let tick = 0; tick < 10; tick++) await Promise.resolve();
    assert.equal(observe(500_000).faceCount, 0, "one detection does not confirm a face");
    for (let tick = 0; tick < 10; tick++) await Promise.resolve();
    assert.equal(observe(500_001).faceCount, 1);
    assert.equal(detections.length, 3);
  });
});

Deno.test("Vision uses the result of a detection once", async () => {
  const gate = Promise.withResolvers<readonly Detection[]>();
  await withVision((index) => index === 0 ? [faceAt()] : gate.promise, async ({ vision }) => {
    vision.observe(frameOf(IMAGE, 0));
    for (let tick = 0; tick < 10; tick++) await Promise.resolve();
    for (let us = 1; us < 5; us++) {
      assert.equal(vision.observe(frameOf(IMAGE, us)).faceCount, 0);
    }
    gate.resolve([]);
  });
});

Deno.test("Vision logs a failure of the detector and goes on", async () => {
  const detect = (index: number) => {
    if (index === 0) throw new Error("out of memory");
    return [faceAt()];
  };
  await withVision(detect, async ({ observe, logged }) => {
    await observe(0);
    await observe(100_000);
    assert.equal((await observe(200_000)).faceCount, 1);
    assert.deepEqual(logged, [["error", "The face detector failed", { reason: "out of memory" }]]);
  });
});

Deno.test("Vision gives the pulse network each frame with a face, and returns its samples", async () => {
  await withVision(() => [faceAt()], async ({ vision, observe, network }) => {
    assert.equal((await observe(0)).networkPulse, undefined);
    assert.deepEqual(network.processed, []);
    network.sample = { timeUs: 100_000, value: 0.25 };
    const { networkPulse, face } = await observe(100_000);
    assert.equal(networkPulse, 0.25);
    assert.deepEqual(network.processed, [
      { track: face!.track, timeUs: 100_000, everyFrame: true },
    ]);
    network.sample = { timeUs: 110_000, value: 0 };
    assert.equal(vision.observe(frameOf(IMAGE, 110_000)).networkPulse, 0);
    assert.deepEqual(network.processed[1], {
      track: face!.track,
      timeUs: 110_000,
      everyFrame: false,
    });
    assert.equal("networkPulse" in vision.observe(frameOf(IMAGE, 120_000)), false);
  }, { pulseModelPath: "model" });
});

Deno.test("Vision logs a pulse network that fails or is too slow", async () => {
  await withVision(() => [faceAt()], async ({ observe, network, logged }) => {
    network.fails = true;
    for (const timeUs of [0, 100_000]) await observe(timeUs);
    network.fails = false;
    network.tooSlow = true;
    await observe(110_000);
    assert.deepEqual(logged, [
      ["error", "The pulse model failed", { reason: "out of memory" }],
      ["warning", "The pulse model is too slow for this device", { run_ms: 82 }],
    ]);
  }, { pulseModelPath: "model" });
});

Deno.test("Vision works without a pulse network", async () => {
  await withVision(() => [faceAt()], async ({ observe, network }) => {
    for (const timeUs of [0, 100_000]) await observe(timeUs);
    assert.deepEqual(network.processed, []);
  });
});

Deno.test("Vision waits for the detection in progress before it frees detector, network and meter", async () => {
  const gate = Promise.withResolvers<void>();
  const detect = async () => {
    await gate.promise;
    return [];
  };
  await withVision(detect, async ({ vision, network, disposed }) => {
    vision.observe(frameOf(IMAGE, 0));
    const done = vision[Symbol.asyncDispose]();
    for (let tick = 0; tick < 10; tick++) await Promise.resolve();
    assert.deepEqual([disposed.detector, network.disposed, disposed.meter], [0, 0, 0]);
    gate.resolve();
    await done;
    assert.deepEqual([disposed.detector, network.disposed, disposed.meter], [1, 1, 1]);
  }, { pulseModelPath: "model" });
});

Deno.test("Vision.open() frees the detector if the pulse network cannot be opened", async () => {
  const { open } = FaceDetector;
  let freed = 0;
  const stub = () =>
    Promise.resolve({ [Symbol.dispose]: () => void freed++ } as unknown as FaceDetector);
  FaceDetector.open = stub;
  try {
    await assert.rejects(Vision.open({ pulseModelPath: "/nothing.onnx" }), /nothing/);
    assert.equal(freed, 1);
  } finally {
    FaceDetector.open = open;
  }
});

Deno.test("Vision reports grayscale images, at once without chroma, and draws the masks anew", async () => {
  const neutral: Image = { ...IMAGE, u: IMAGE.u!.map(() => 128), v: IMAGE.v!.map(() => 128) };
  await withVision(() => [faceAt()], async ({ layouts, observe }) => {
    let timeUs = 0;
    const show = async (image: Image, frames: number) => {
      const seen: (boolean | undefined)[] = [];
      for (let k = 0; k < frames; k++) {
        seen.push((await observe(timeUs, image)).isGrayscale);
        timeUs += 33_333;
      }
      return seen;
    };
    assert.ok((await show(IMAGE, 30)).every((isGrayscale) => isGrayscale === undefined));
    const before = layouts.length;
    const neutralSeen = await show(neutral, 45);
    assert.deepEqual([neutralSeen[28], neutralSeen[32]], [undefined, true]);
    assert.equal(layouts.length, before + 1);
    assert.equal((await show(IMAGE, 45)).at(-1), undefined);
    assert.equal(layouts.length, before + 2);
    assert.deepEqual(await show(grey(IMAGE), 2), [true, true]);
    assert.equal(layouts.length, before + 3);
  });
});
