import assert from "node:assert/strict";
import { decodeFaces, type RawOutput } from "../../../src/vision/blazeface.ts";

const logit = (score: number) => Math.log(score / (1 - score));

function outputs(
  found: readonly { anchor: number; score: number; values: readonly number[] }[],
): RawOutput[] {
  return [512, 384].map((anchors, grid) => {
    const scores = new Float32Array(anchors).fill(-20);
    const values = new Float32Array(anchors * 16);
    for (const { anchor, score, values: regression } of found) {
      const index = anchor - grid * 512;
      if (index < 0 || index >= anchors) continue;
      scores[index] = logit(score);
      values.set(regression, index * 16);
    }
    return { scores, values };
  });
}

/** A box of 32 by 32 pixels around the anchor, all points at its centre. */
const BOX = [0, 0, 32, 32, ...Array.from({ length: 12 }, () => 0)];

Deno.test("decodeFaces() places an anchor of the fine grid at the centre of its cell", () => {
  // The second anchor of the cell in column 3, row 2 of 16 by 16.
  const [face] = decodeFaces(
    outputs([{ anchor: (2 * 16 + 3) * 2 + 1, score: 0.9, values: BOX }]),
    0.5,
  );
  assert.ok(face);
  assert.ok(Math.abs(face.score - 0.9) < 1e-6);
  assert.deepEqual(face.box, {
    x: 3.5 / 16 - 0.125,
    y: 2.5 / 16 - 0.125,
    width: 0.25,
    height: 0.25,
  });
  assert.deepEqual(face.landmarks.nose, { x: 3.5 / 16, y: 2.5 / 16 });
});

Deno.test("decodeFaces() places an anchor of the coarse grid in its own cell", () => {
  const values = BOX.with(4, 12.8).with(15, -12.8);
  const [face] = decodeFaces(
    outputs([{ anchor: 512 + (7 * 8 + 5) * 6 + 4, score: 0.9, values }]),
    0.5,
  );
  assert.ok(face);
  const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-6);
  near(face.landmarks.rightEye.x, 5.5 / 8 + 0.1);
  near(face.landmarks.leftEar.y, 7.5 / 8 - 0.1);
});

Deno.test("decodeFaces() averages overlapping detections by score and keeps separate faces apart", () => {
  const faces = decodeFaces(
    outputs([
      { anchor: 0, score: 0.9, values: BOX },
      { anchor: 1, score: 0.6, values: BOX.with(0, 5) },
      { anchor: 511, score: 0.7, values: BOX },
      { anchor: 300, score: 0.3, values: BOX },
    ]),
    0.5,
  );
  assert.deepEqual(faces.map(({ score }) => score.toFixed(2)), ["0.90", "0.70"]);
  const shift = (faces[0]?.box.x ?? 0) + 0.125 - 0.5 / 16;
  assert.ok(Math.abs(shift - (0.6 * 5) / 128 / 1.5) < 1e-6);
});

Deno.test("decodeFaces() handles no detection, NaN scores and boxes without area", () => {
  assert.deepEqual(decodeFaces(outputs([]), 0.5), []);
  const empty = BOX.with(2, 0).with(3, 0);
  assert.equal(decodeFaces(outputs([{ anchor: 7, score: 0.9, values: empty }]), 0.5).length, 1);
  const [fine, coarse] = outputs([]);
  assert.ok(fine && coarse);
  fine.scores.fill(NaN);
  assert.deepEqual(decodeFaces([fine, coarse], 0.5), []);
});

Deno.test("decodeFaces() decodes width, height and each point in the order of the model", () => {
  // In pixels relative to the anchor: centre, size, then x and y of six points.
  const values = [4, -6, 40, 24, -10, -9, 11, -8, 1, 2, 3, 14, -20, -5, 21, -4];
  const [face] = decodeFaces(outputs([{ anchor: 2 * (8 * 16 + 8) + 1, score: 0.9, values }]), 0.5);
  const rounded = (pixels: number) => Math.round(1e6 * pixels) / 1e6;
  const pixels = (point: { x: number; y: number }) =>
    [point.x, point.y].map((value) => rounded(128 * value - 68));
  assert.ok(face);
  assert.deepEqual(
    Object.entries(face.landmarks).map(([k, p]) => [k, pixels(p)]),
    [
      ["rightEye", [-10, -9]],
      ["leftEye", [11, -8]],
      ["nose", [1, 2]],
      ["mouth", [3, 14]],
      ["rightEar", [-20, -5]],
      ["leftEar", [21, -4]],
    ],
  );
  assert.deepEqual(pixels(face.box), [4 - 40 / 2, -6 - 24 / 2]);
  assert.deepEqual([face.box.width, face.box.height].map((size) => rounded(128 * size)), [40, 24]);
});

Deno.test("decodeFaces() takes boxes with an overlap of over 0.3 for one face", () => {
  // Boxes of 32 pixels at a distance of d overlap by (32 - d) / (32 + d), in either direction.
  for (const axis of [0, 1]) {
    const countAt = (d: number) =>
      decodeFaces(
        outputs([
          { anchor: 0, score: 0.9, values: BOX },
          { anchor: 1, score: 0.8, values: BOX.with(axis, d) },
        ]),
        0.5,
      ).length;
    const limit = (32 * 0.7) / 1.3;
    for (const sign of [1, -1]) {
      assert.equal(countAt(sign * (limit - 0.3)), 1);
      assert.equal(countAt(sign * (limit + 0.3)), 2);
    }
  }
});

Deno.test("decodeFaces() takes scores from the threshold on", () => {
  const countAt = (score: number) =>
    decodeFaces(outputs([{ anchor: 0, score, values: BOX }]), 0.6).length;
  assert.equal(countAt(0.601), 1);
  assert.equal(countAt(0.599), 0);
});

Deno.test("decodeFaces() compares boxes of different sizes by their overlap", () => {
  const countAt = (size: number) =>
    decodeFaces(
      outputs([
        { anchor: 0, score: 0.9, values: BOX },
        { anchor: 1, score: 0.8, values: BOX.with(2, size).with(3, size) },
      ]),
      0.5,
    ).length;
  // A smaller box in the middle overlaps by the ratio of the areas.
  const limit = 32 * Math.sqrt(0.3);
  assert.equal(countAt(limit + 0.2), 1);
  assert.equal(countAt(limit - 0.2), 2);
});

Deno.test("decodeFaces() returns the best face first, whatever the order of the anchors", () => {
  const anchors = [10, 500, 600, 800, 890];
  const scores = [0.6, 0.8, 0.95, 0.7, 0.55];
  const faces = decodeFaces(
    outputs(anchors.map((anchor, i) => ({ anchor, score: scores[i]!, values: BOX }))),
    0.5,
  );
  assert.deepEqual(faces.map(({ score }) => score.toFixed(2)), [
    "0.95",
    "0.80",
    "0.70",
    "0.60",
    "0.55",
  ]);
});
