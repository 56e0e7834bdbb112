import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { blurFaces } from "../../../src/frames/blur.ts";
import { copyImage } from "../../../src/frames/raw_image.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { paint } from "../../support/yuv.ts";
import { Random } from "../../support/random.ts";

/** An image of noise, which has the same energy at all frequencies. */
function noiseImage(width: number, height: number): Image {
  const image = gradientImage(width, height, { padding: 5 });
  const random = new Random(1);
  for (const plane of [image.y, image.u!, image.v!]) {
    plane.set(plane.map(() => 256 * random.uniform()));
  }
  return image;
}

const FACE = { x: 0.4, y: 0.4, width: 0.2, height: 0.2 };

/** Largest difference between neighbours in the face, for each plane. */
function largestSteps({ y, u, v, yStride, uvStride, width, height }: Image): number[] {
  return ([[y, yStride, 0], [u!, uvStride, 1], [v!, uvStride, 1]] as const).map(
    ([plane, stride, shift]) => {
      let largest = 0;
      for (let row = 0.35 * height >> shift; row < 0.65 * height >> shift; row++) {
        for (let column = 0.35 * width >> shift; column < 0.65 * width >> shift; column++) {
          const at = row * stride + column;
          largest = Math.max(
            largest,
            Math.abs(plane[at]! - plane[at + 1]!),
            Math.abs(plane[at]! - plane[at + stride]!),
          );
        }
      }
      return largest;
    },
  );
}

Deno.test("blurFaces() leaves no detail in the face and its margin, in all planes", () => {
  const image = noiseImage(320, 240);
  assert.ok(largestSteps(image).every((step) => step > 200));
  blurFaces(image, [FACE]);
  assert.ok(largestSteps(image).every((step) => step <= 4), `${largestSteps(image)}`);
});

Deno.test("blurFaces() changes nothing outside the face and its margin", () => {
  const image = noiseImage(320, 240);
  const before = copyImage(image);
  blurFaces(image, [FACE]);
  const after = copyImage(image);
  const changed: [x: number, y: number][] = [];
  for (let at = 0; at < after.y.length; at++) {
    if (after.y[at] !== before.y[at]) changed.push([at % 320, Math.floor(at / 320)]);
  }
  const [xs, ys] = [changed.map(([x]) => x), changed.map(([, y]) => y)];
  const range = (values: number[]) => [Math.min(...values), Math.max(...values)];
  assert.ok(changed.length > 0.9 * (0.36 * 320) * (0.42 * 240));
  assert.deepEqual([range(xs), range(ys)], [[102, 217], [62, 163]]);
});

Deno.test("blurFaces() blurs a face at the border, a tiny one, and a monochrome image", () => {
  for (
    const box of [{ x: -0.1, y: 0.9, width: 0.3, height: 0.3 }, { ...FACE, width: 0, height: 0 }]
  ) {
    blurFaces(noiseImage(64, 48), [box]);
  }
  const { u: _u, v: _v, ...image } = noiseImage(64, 48);
  const before = image.y.slice();
  blurFaces(image, [FACE, FACE]);
  assert.notDeepEqual(image.y, before);
});

/**
 * A box whose rectangle with its margin is 91 pixels wide, from 20, and 127 high, from 18, in an
 * image of 200 by 200 pixels: two cells across and three down.
 */
const CELLS_OF = { x: 40.5 / 200, y: 60.5 / 200, width: 0.25, height: 0.3 };

/** A blurred plane of gray values that the painter sets. */
function blurredLuma(painter: (x: number, y: number) => number): Uint8Array {
  const image = paint({ width: 200, height: 200 }, (x, y) => [
    painter(Math.floor(x), Math.floor(y)),
    128,
    128,
  ]);
  blurFaces(image, [CELLS_OF]);
  return image.y;
}

function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= 1, `${what}: ${actual}, not ${expected}`);
}

Deno.test("blurFaces() has a linear transition between the centers of two cells across", () => {
  const luma = blurredLuma((x) => (x < 20 + 45 ? 0 : 200));
  for (const row of [18, 80, 144]) {
    const at = (column: number) => luma[row * 200 + 20 + column]!;
    // The centers of the cells are at a quarter and at three quarters of the width.
    for (
      const [column, value] of [[0, 0], [22, 0], [34, 52], [45, 100], [57, 153], [68, 200], [
        90,
        200,
      ]]
    ) {
      assertNear(at(column!), value!, `column ${column} of row ${row}`);
    }
    assert.deepEqual([luma[row * 200 + 19], luma[row * 200 + 111]], [0, 200]);
  }
});

Deno.test("blurFaces() has a linear transition between the centers of the cells down", () => {
  const luma = blurredLuma((_x, y) => (y <= 18 + 42 ? 0 : y <= 18 + 84 ? 120 : 240));
  const at = (row: number) => luma[(18 + row) * 200 + 60]!;
  for (
    const [row, value] of [[0, 0], [21, 1], [42, 60], [63, 120], [84, 179], [106, 240], [126, 240]]
  ) {
    assertNear(at(row!), value!, `row ${row}`);
  }
});

Deno.test("blurFaces() has the mean of each cell", () => {
  // Stripes: every second column, or every fourth row.
  const columns = blurredLuma((x) => (x % 2 === 0 ? 200 : 0));
  const rows = blurredLuma((_x, y) => (y % 4 === 0 ? 200 : 0));
  for (let y = 18; y < 145; y += 9) {
    for (let x = 20; x < 111; x += 9) {
      assert.ok(Math.abs(columns[y * 200 + x]! - 100) <= 3, `${columns[y * 200 + x]}`);
      assert.ok(Math.abs(rows[y * 200 + x]! - 50) <= 3, `${rows[y * 200 + x]}`);
    }
  }
});

Deno.test("blurFaces() covers the same part of each plane, for any chroma sampling", () => {
  for (const [chromaShiftX, chromaShiftY] of [[0, 0], [1, 0], [1, 1]] as const) {
    const image = paint({ width: 200, height: 200, chromaShiftX, chromaShiftY }, (x, y) => {
      const value = (Math.floor(x / 2) + Math.floor(y / 2)) % 2 === 0 ? 0 : 200;
      return [value, value, value];
    });
    const before = copyImage(image);
    blurFaces(image, [CELLS_OF]);
    const width = 200 >> chromaShiftX;
    for (const plane of ["u", "v"] as const) {
      const changed = [...image[plane]!.keys()].filter((at) =>
        image[plane]![at] !== before[plane]![at]
      );
      const xs = changed.map((at) => at % width), ys = changed.map((at) => Math.floor(at / width));
      assert.deepEqual(
        [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)],
        [20 >> chromaShiftX, 110 >> chromaShiftX, 18 >> chromaShiftY, 144 >> chromaShiftY],
      );
    }
  }
});

Deno.test("blurFaces() leaves a plane of one value as it is", () => {
  for (const value of [0, 1, 100, 255]) {
    assert.ok(blurredLuma(() => value).every((each) => each === value), `${value}`);
  }
});
