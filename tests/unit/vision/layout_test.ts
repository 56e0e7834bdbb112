import assert from "node:assert/strict";
import { chestPlace, type FacePlace, nosePlace, regionShapes } from "../../../src/vision/layout.ts";
import { REGION_NAMES } from "../../../src/vision/region_sample.ts";

const SIZE = { width: 640, height: 480 };

/** A face whose eyes are 60 pixels apart, turned by `angle` around the middle of its eyes. */
function faceAt(x: number, y: number, angle = 0): FacePlace {
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

function centreOf(face: FacePlace, name: typeof REGION_NAMES[number]) {
  const shape = regionShapes(face, SIZE).find(({ region }) => REGION_NAMES[region] === name);
  assert.ok(shape, name);
  return shape.centre;
}

Deno.test("regions lie where their names say, left and right as the person has them", () => {
  const face = faceAt(320, 150);
  const { nose, mouth } = face.landmarks;
  assert.ok(centreOf(face, "forehead").y < centreOf(face, "glabella").y);
  assert.ok(centreOf(face, "glabella").y < 150);
  const right = centreOf(face, "right_cheek"), left = centreOf(face, "left_cheek");
  assert.ok(right.x < nose.x && left.x > nose.x);
  assert.ok(right.y > 150 && right.y < mouth.y);
  assert.ok(centreOf(face, "chest").y > 150 + 1.65 * 60);
});

Deno.test("regions turn with the eye line, also upside down and in a mirror", () => {
  const sideways = faceAt(320, 240, Math.PI / 2);
  assert.ok(centreOf(sideways, "forehead").x > 320 + 30);
  assert.ok(centreOf(sideways, "chest").x < 320 - 100);
  const inverted = faceAt(320, 400, Math.PI);
  assert.ok(centreOf(inverted, "chest").y < 400 - 100);
  const { box, landmarks } = faceAt(320, 150);
  const mirrored: FacePlace = {
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

Deno.test("a chest that does not show is no region", () => {
  const close = faceAt(320, 380);
  assert.equal(chestPlace(close, SIZE), undefined);
  const names = regionShapes(close, SIZE).map(({ region }) => REGION_NAMES[region]);
  assert.ok(!names.includes("chest"));
  assert.ok(names.includes("skin"));
});

Deno.test("the places of motion stay within the picture", () => {
  for (const [x, y] of [[0, 0], [640, 480], [-50, 240], [320, 150]] as const) {
    for (const place of [chestPlace(faceAt(x, y), SIZE), nosePlace(faceAt(x, y), SIZE)]) {
      if (!place) continue;
      assert.ok(place.x >= 0 && place.y >= 0 && place.width >= 0 && place.height >= 0);
      assert.ok(place.x + place.width <= 640.001 && place.y + place.height <= 480.001);
    }
  }
});
