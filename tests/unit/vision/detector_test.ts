import assert from "node:assert/strict";
import type { Detection } from "../../../src/vision/blazeface.ts";
import { FaceDetector, squareAround, undoRotation } from "../../../src/vision/detector.ts";
import { type FakeModel, isReleased, withModel } from "../../support/fake_model.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { paint } from "../../support/yuv.ts";

Deno.test("undoRotation() returns to the same point after four quarter turns", () => {
  const point = { x: 0.25, y: 0.75 };
  const once = undoRotation(point, 1);
  assert.deepEqual(undoRotation(once, 1), undoRotation(point, 2));
  assert.deepEqual(undoRotation(undoRotation(undoRotation(once, 1), 1), 1), point);
  assert.deepEqual(undoRotation(undoRotation(point, 1), 3), point);
});

for (
  const [rotation, expected] of [
    [0, { x: 0.25, y: 0.625 }],
    [1, { x: 0.375, y: 0.25 }],
    [2, { x: 0.75, y: 0.375 }],
    [3, { x: 0.625, y: 0.75 }],
  ] as const
) {
  Deno.test(`undoRotation() undoes ${rotation} anticlockwise quarter turns`, () => {
    assert.deepEqual(undoRotation({ x: 0.25, y: 0.625 }, rotation), expected);
  });
}

Deno.test("squareAround() extends the shorter side on both ends", () => {
  assert.deepEqual(squareAround({ width: 640, height: 480 }), { x: 0, y: -80, size: 640 });
  assert.deepEqual(squareAround({ width: 100, height: 300 }), { x: -100, y: 0, size: 300 });
});

const SHAPES = [["a", [1, 512, 1]], ["b", [1, 384, 1]], ["c", [1, 512, 16]], ["d", [
  1,
  384,
  16,
]]] as const;

/** Positions in the square input: box by its centre and size, then the six points. */
const FOUND = {
  centre: [0.5, 0.375],
  size: [0.25, 0.125],
  points: [[0.45, 0.35], [0.55, 0.36], [0.5, 0.4], [0.51, 0.45], [0.4, 0.37], [0.6, 0.38]],
} as const;

/** A model that finds one face at an anchor of the fine or the coarse grid. */
function model({ score = 0.9, coarse = false, run = () => {} }: {
  score?: number;
  coarse?: boolean;
  run?: (input: Float32Array) => void | Promise<void>;
} = {}): FakeModel {
  const cells = coarse ? 8 : 16;
  const anchors = coarse ? 6 : 2;
  const index = anchors * (cells * (cells / 2) + cells / 2);
  const at = (cells / 2 + 0.5) / cells;
  const pixels = (value: number) => 128 * (value - at);
  const { centre, size, points } = FOUND;
  const values = [
    ...centre.map(pixels),
    ...size.map((value) => 128 * value),
    ...points.flat().map(pixels),
  ];
  return {
    inputs: [["image", [1, 128, 128, 3]]],
    outputs: SHAPES,
    run(inputs, outputs) {
      outputs["a"]!.data.fill(-20);
      outputs["b"]!.data.fill(-20);
      outputs[coarse ? "b" : "a"]!.data[index] = Math.log(score / (1 - score));
      outputs[coarse ? "d" : "c"]!.data.set(values, 16 * index);
      return run(inputs["image"]!.data);
    },
  };
}

const IMAGE = gradientImage(640, 480);

/** The positions of a face in pixels. */
function pixelsOf({ box, landmarks }: Detection, { width, height } = IMAGE) {
  const round = (value: number) => Math.round(1000 * value) / 1000;
  return {
    box: [box.x * width, box.y * height, box.width * width, box.height * height].map(round),
    points: Object.entries(landmarks).map((
      [name, { x, y }],
    ) => [name, round(x * width), round(y * height)]),
  };
}

const NAMES = ["rightEye", "leftEye", "nose", "mouth", "rightEar", "leftEar"] as const;

for (const coarse of [false, true]) {
  Deno.test(`FaceDetector.detect() returns the faces of the ${coarse ? "coarse" : "fine"} grid as fractions of the image`, async () => {
    await withModel(model({ coarse }), async () => {
      using detector = await FaceDetector.open("model");
      const [face, ...others] = await detector.detect(IMAGE);
      assert.deepEqual(others, []);
      assert.ok(Math.abs(face!.score - 0.9) < 1e-6);
      assert.deepEqual(pixelsOf(face!), {
        box: [0.375 * 640, 0.3125 * 640 - 80, 0.25 * 640, 0.125 * 640],
        points: FOUND.points.map(([x, y], i) => [
          NAMES[i],
          Math.round(1000 * x * 640) / 1000,
          Math.round(1000 * (y * 640 - 80)) / 1000,
        ]),
      });
    });
  });
}

for (
  const { rotation, box, eye } of [
    { rotation: 0, box: [100 + 75, 50 + 62.5, 50, 25], eye: [100 + 90, 50 + 70] },
    { rotation: 1, box: [100 + 112.5, 50 + 75, 25, 50], eye: [100 + 130, 50 + 90] },
    { rotation: 2, box: [100 + 75, 50 + 112.5, 50, 25], eye: [100 + 110, 50 + 130] },
    { rotation: 3, box: [100 + 62.5, 50 + 75, 25, 50], eye: [100 + 70, 50 + 110] },
  ] as const
) {
  Deno.test(`FaceDetector.detect() converts a face in a view that is rotated by ${rotation} quarter turns`, async () => {
    await withModel(model(), async () => {
      using detector = await FaceDetector.open("model");
      const [face] = await detector.detect(IMAGE, { rotation, view: { x: 100, y: 50, size: 200 } });
      const found = pixelsOf(face!);
      assert.deepEqual(found.box, box);
      assert.deepEqual(found.points[0], ["rightEye", ...eye]);
    });
  });
}

Deno.test("FaceDetector.detect() gives the model the rotated view in -1..1", async () => {
  // The right half is white, the left half black.
  const image = paint({ width: 640, height: 480 }, (x) => [x < 320 ? 0 : 255, 128, 128]);
  const corners: number[][] = [];
  const run = (input: Float32Array) => {
    const at = (x: number, y: number) => input[3 * (128 * y + x) + 1]!;
    corners.push([at(30, 60), at(97, 60), at(64, 10)]);
  };
  await withModel(model({ run }), async () => {
    using detector = await FaceDetector.open("model");
    await detector.detect(image);
    await detector.detect(image, { rotation: 1, view: { x: 220, y: 100, size: 200 } });
    await detector.detect(image, { view: { x: 320, y: 100, size: 200 } });
  });
  // Outside of the image, the input is black. A quarter turn brings the right side to the top.
  assert.deepEqual(corners[0], [-1, 1, -1]);
  assert.deepEqual([corners[1]![2]], [1]);
  assert.deepEqual(corners[2], [1, 1, 1]);
});

Deno.test("FaceDetector.detect() takes scores from 0.5 on, or from another threshold", async () => {
  const countAt = (score: number, threshold?: number) =>
    withModel(model({ score }), async () => {
      using detector = await FaceDetector.open("model");
      return (await detector.detect(IMAGE, threshold === undefined ? {} : { threshold })).length;
    });
  assert.deepEqual([await countAt(0.49), await countAt(0.51)], [0, 1]);
  assert.deepEqual([await countAt(0.41, 0.4), await countAt(0.59, 0.6)], [1, 0]);
});

Deno.test("FaceDetector.detect() refuses a second image meanwhile, and works again after a failure", async () => {
  let fails = true;
  const run = () => fails ? Promise.reject(new Error("no memory")) : undefined;
  await withModel(model({ run }), async () => {
    using detector = await FaceDetector.open("model");
    const first = detector.detect(IMAGE);
    assert.throws(() => detector.detect(IMAGE), /has not finished/);
    await assert.rejects(first, /no memory/);
    fails = false;
    assert.equal((await detector.detect(IMAGE)).length, 1);
    assert.equal((await detector.detect(IMAGE)).length, 1);
  });
});

Deno.test("FaceDetector frees its model and its tensors", async () => {
  await withModel(model(), async (session) => {
    const detector = await FaceDetector.open("model");
    assert.equal(session.tensors.length, 5);
    assert.ok(session.tensors.every((tensor) => !isReleased(tensor)));
    detector[Symbol.dispose]();
    assert.equal(session.disposed, 1);
    assert.ok(session.tensors.every(isReleased));
  });
});

for (
  const [missing, shape] of [["a", "1x512x1"], ["b", "1x384x1"], ["c", "1x512x16"], [
    "d",
    "1x384x16",
  ]]
) {
  Deno.test(`FaceDetector.open() refuses a model without an output of ${shape}`, async () => {
    const outputs = SHAPES.filter(([name]) => name !== missing);
    await withModel({ ...model(), outputs }, async (session) => {
      await assert.rejects(
        FaceDetector.open("model"),
        new RegExp(`the model has no output of shape ${shape}$`),
      );
      assert.equal(session.disposed, 1);
      assert.ok(session.tensors.every(isReleased));
    });
  });
}

Deno.test("FaceDetector.open() names a model that is missing, and what to do", async () => {
  await assert.rejects(FaceDetector.open("/none.onnx"), {
    name: "UnavailableError",
    message: "Cannot use the model /none.onnx: no such file or directory",
    hint: "Install the program again, or run scripts/setup in a clone",
  });
});
