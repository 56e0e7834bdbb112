import assert from "node:assert/strict";
import {
  chestRectangle,
  noseRectangle,
  type PixelFace,
  regionShapes,
} from "../../../src/vision/layout.ts";
import { REGION_NAMES } from "../../../src/vision/region_sample.ts";

const SIZE = { width: 640, height: 480 };

/** Face whose eyes are 60 pixels apart, rotated by `angle` around the point between them. */
function faceAt(x: number, y: number, angle = 0): PixelFace {
  const at = (u: number, v: number) => ({
    x: x + 60 * (u * Math.cos(angle) - v * Math.sin(angle)),
    y: y + 60 * (u * Math.sin(angle) + v * Math.cos(angle)),
  });
  const middle = at(0, 0.45);
  return {
    box: { x: middle.x - 69, y: middle.y - 69, width: 138, height: 138 },
    landmarks: {
      rightEye: at(-0.5, 0),
      leftEye: at(0.5, 0),
      nose: at(0, 0.45),
      mouth: at(0, 1),
      rightEar: at(-1.05, 0.2),
      leftEar: at(1.05, 0.2),
    },
  };
}

function centreOf(face: PixelFace, name: typeof REGION_NAMES[number]) {
  const shape = regionShapes(face, SIZE).find(({ region }) => REGION_NAMES[region] === name);
  assert.ok(shape, name);
  return shape.centre;
}

Deno.test("regionShapes() places each region, with left and right from the person's point of view", () => {
  const face = faceAt(320, 150);
  const { nose, mouth } = face.landmarks;
  assert.ok(centreOf(face, "forehead").y < centreOf(face, "glabella").y);
  assert.ok(centreOf(face, "glabella").y < 150);
  const right = centreOf(face, "right_cheek"), left = centreOf(face, "left_cheek");
  assert.ok(right.x < nose.x && left.x > nose.x);
  assert.ok(right.y > 150 && right.y < mouth.y);
  assert.ok(centreOf(face, "chest").y > 150 + 1.65 * 60);
});

Deno.test("regionShapes() rotates with the eye line, also upside down and mirrored", () => {
  const sideways = faceAt(320, 240, Math.PI / 2);
  assert.ok(centreOf(sideways, "forehead").x > 320 + 30);
  assert.ok(centreOf(sideways, "chest").x < 320 - 100);
  const inverted = faceAt(320, 400, Math.PI);
  assert.ok(centreOf(inverted, "chest").y < 400 - 100);
  const { box, landmarks } = faceAt(320, 150);
  const mirrored: PixelFace = {
    box,
    landmarks: {
      ...landmarks,
      rightEye: landmarks.leftEye,
      leftEye: landmarks.rightEye,
      rightEar: landmarks.leftEar,
      leftEar: landmarks.rightEar,
    },
  };
  assert.ok(centreOf(mirrored, "chest").y > 250);
});

Deno.test("regionShapes() omits a chest that is not visible", () => {
  const close = faceAt(320, 380);
  assert.equal(chestRectangle(close, SIZE), undefined);
  const names = regionShapes(close, SIZE).map(({ region }) => REGION_NAMES[region]);
  assert.ok(!names.includes("chest"));
  assert.ok(names.includes("skin"));
});

Deno.test("chestRectangle() and noseRectangle() stay within the image", () => {
  for (const [x, y] of [[0, 0], [640, 480], [-50, 240], [320, 150]] as const) {
    for (
      const rectangle of [chestRectangle(faceAt(x, y), SIZE), noseRectangle(faceAt(x, y), SIZE)]
    ) {
      if (!rectangle) continue;
      assert.ok(
        rectangle.x >= 0 && rectangle.y >= 0 && rectangle.width >= 0 && rectangle.height >= 0,
      );
      assert.ok(
        rectangle.x + rectangle.width <= 640.001 && rectangle.y + rectangle.height <= 480.001,
      );
    }
  }
});
