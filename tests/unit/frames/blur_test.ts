import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { blurFaces } from "../../../src/frames/blur.ts";
import { copyImage } from "../../../src/frames/raw_image.ts";
import { gradientImage } from "../../support/gradient_image.ts";
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
