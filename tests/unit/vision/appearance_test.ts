import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { Appearance } from "../../../src/vision/appearance.ts";
import { Random } from "../../support/random.ts";
import { paint } from "../../support/yuv.ts";

const BOX = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
const FRAME_US = 33_333;

interface FaceOptions {
  /** Brightness relative to the mean of the face. @default 1 */
  readonly light?: number;
  /** Offset to the right, in pixels. @default 0 */
  readonly x?: number;
  /** Standard deviation of the noise, in gray levels. @default 2 */
  readonly noise?: number;
}

/** A face of blobs that follow from the seed, in an image of 64x64 pixels. */
function faceImage(seed: number, { light = 1, x: dx = 0, noise = 2 }: FaceOptions = {}): Image {
  const random = new Random(seed);
  const blobs = Array.from({ length: 6 }, () => ({
    x: 16 + 32 * random.uniform(),
    y: 16 + 32 * random.uniform(),
    depth: 80 * random.uniform() - 40,
  }));
  const grain = new Random(1000 + seed);
  return paint({ width: 64, height: 64 }, (x, y) => {
    const pattern = blobs.reduce(
      (sum, blob) =>
        sum + blob.depth * Math.exp(-((x - dx - blob.x) ** 2 + (y - blob.y) ** 2) / 50),
      110,
    );
    return [light * pattern + noise * grain.normal(), 128, 128];
  });
}

/** Indices of the frames at which the face counts as replaced. */
function replacements(images: readonly Image[], frameUs = FRAME_US): number[] {
  const appearance = new Appearance();
  return images.flatMap((image, k) =>
    appearance.isReplaced(image, { box: BOX, timeUs: k * frameUs }) ? [k] : []
  );
}

const repeat = (count: number, image: (k: number) => Image) =>
  Array.from({ length: count }, (_, k) => image(k));

Deno.test("Appearance recognizes another face at the second frame after a cut", () => {
  const cut = [...repeat(10, () => faceImage(1)), ...repeat(10, () => faceImage(2))];
  assert.deepEqual(replacements(cut), [11]);
});

Deno.test("Appearance recognizes another face at 5 frames per second", () => {
  const cut = [...repeat(5, () => faceImage(1)), ...repeat(5, () => faceImage(2))];
  assert.deepEqual(replacements(cut, 200_000), [6]);
});

Deno.test("Appearance keeps a face through a change of the light", () => {
  const step = [
    ...repeat(10, () => faceImage(1)),
    ...repeat(10, () => faceImage(1, { light: 0.6 })),
  ];
  assert.deepEqual(replacements(step), []);
});

Deno.test("Appearance keeps a face that moves slightly in noise", () => {
  const moving = repeat(40, (k) => faceImage(1, { x: Math.sin(k / 3), noise: 6 }));
  assert.deepEqual(replacements(moving), []);
});

Deno.test("Appearance keeps a face over a single damaged frame", () => {
  const damaged = repeat(20, (k) => faceImage(k === 8 ? 3 : 1));
  assert.deepEqual(replacements(damaged), []);
});

Deno.test("Appearance keeps a face whose box jumps, and one whose pixels are all equal", () => {
  const appearance = new Appearance();
  const flat = paint({ width: 64, height: 64 }, () => [80, 128, 128]);
  for (let k = 0; k < 20; k++) {
    const box = k < 10 ? BOX : { ...BOX, x: 0.4 };
    const timeUs = k * FRAME_US;
    assert.equal(appearance.isReplaced(faceImage(1), { box, timeUs }), false, `${k}`);
  }
  assert.deepEqual(replacements(repeat(20, () => flat)), []);
});

Deno.test("Appearance compares with nothing from before a reset", () => {
  const appearance = new Appearance();
  for (let k = 0; k < 10; k++) {
    appearance.isReplaced(faceImage(1), { box: BOX, timeUs: k * FRAME_US });
  }
  appearance.reset();
  for (let k = 10; k < 20; k++) {
    assert.equal(appearance.isReplaced(faceImage(2), { box: BOX, timeUs: k * FRAME_US }), false);
  }
});

Deno.test("Appearance knows a face that stayed as it was when it was detected", () => {
  const appearance = new Appearance();
  const show = (image: Image, k: number) =>
    appearance.isReplaced(image, { box: BOX, timeUs: k * FRAME_US });
  show(faceImage(1), 0);
  assert.equal(appearance.isUnchanged, false, "it was not detected yet");
  appearance.onDetected();
  show(faceImage(1, { noise: 4, light: 0.8 }), 1);
  assert.equal(appearance.isUnchanged, true);
  show(faceImage(1, { x: 6 }), 2);
  assert.equal(appearance.isUnchanged, false, "it has turned");
  appearance.onDetected();
  show(faceImage(1, { x: 6 }), 3);
  assert.equal(appearance.isUnchanged, true);
  appearance.reset();
  assert.equal(appearance.isUnchanged, false);
});
