import assert from "node:assert/strict";
import {
  chestRectangle,
  noseRectangle,
  type PixelFace,
  regionShapes,
  toPixels,
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
  assert.deepEqual(centreOf(mirrored, "chest"), centreOf(faceAt(320, 150), "chest"));
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

/** Rounds all numbers in a value, so that it can be compared with one computed in another way. */
function rounded(value: unknown): unknown {
  const text = JSON.stringify(
    value,
    (_key, each) => typeof each === "number" ? Math.round(1e6 * each) / 1e6 + 0 : each,
  );
  return text === undefined ? undefined : JSON.parse(text);
}

type Rectangle = readonly [left: number, right: number, top: number, bottom: number];

/** Edges of a shape of an upright face in distances between the eyes, from the point between them. */
function edgesOf(
  { centre, halfAxes: [a, b] }: ReturnType<typeof regionShapes>[number],
  origin = { x: 320, y: 150 },
): Rectangle {
  assert.deepEqual(rounded([a.y, b.x]), [0, 0]);
  const x = centre.x - origin.x, y = centre.y - origin.y;
  return rounded([x - a.x, x + a.x, y - b.y, y + b.y].map((edge) => edge / 60)) as Rectangle;
}

/** A frontal face at 320, 150 with landmarks in distances between the eyes. */
function faceWith(parts: {
  readonly nose?: readonly [number, number];
  readonly mouth?: readonly [number, number];
  readonly rightEar?: readonly [number, number];
  readonly leftEar?: readonly [number, number];
}): PixelFace {
  const { box, landmarks } = faceAt(320, 150);
  const moved = Object.fromEntries(
    Object.entries(parts).map(([name, [u, v]]) => [name, { x: 320 + 60 * u, y: 150 + 60 * v }]),
  );
  return { box, landmarks: { ...landmarks, ...moved } };
}

Deno.test("regionShapes() lays out a frontal face in distances between the eyes", () => {
  const core = { skin: true, followsMotion: true, skinReference: true };
  const skin = { skin: true, followsMotion: true };
  const cut = { subtract: true };
  const expected: readonly (readonly [string, string, Rectangle, object])[] = [
    ["glabella", "rectangle", [-0.22, 0.22, -0.39, -0.05], core],
    ["forehead", "rectangle", [-0.6, 0.6, -0.86, -0.42], skin],
    ["right_cheek", "rectangle", [-0.861, -0.357, 0.3, 0.82], core],
    ["left_cheek", "rectangle", [0.357, 0.861, 0.3, 0.82], core],
    ["skin", "ellipse", [-1, 1, -0.93, 1.57], skin],
    ["skin", "rectangle", [-0.83, -0.17, -0.17, 0.17], cut],
    ["skin", "rectangle", [0.17, 0.83, -0.17, 0.17], cut],
    ["skin", "rectangle", [-0.45, 0.45, 0.8, 1.2], cut],
    ["background", "ellipse", [-2, 2, -2.2, 2.6], cut],
    ["background", "rectangle", [-5, 5, 1.3, 20], cut],
    ["chest", "ellipse", [-2.75, 2.75, 1.75, 6.6], {}],
    ["chest", "rectangle", [-4, 4, 4.6, 8], cut],
  ];
  const shapes = regionShapes(faceAt(320, 150), SIZE).filter(({ halfAxes }) =>
    halfAxes[0].x < SIZE.width
  );
  assert.deepEqual(
    shapes.map((shape) => {
      const { region, kind, centre: _centre, halfAxes: _axes, ...flags } = shape;
      return [REGION_NAMES[region], kind, edgesOf(shape), flags];
    }),
    expected.map((row) => [...row]),
  );
});

Deno.test("regionShapes() begins the background with the whole image", () => {
  const [whole] = regionShapes(faceAt(320, 150), SIZE).filter(({ region }) =>
    REGION_NAMES[region] === "background"
  );
  assert.ok(whole);
  assert.deepEqual(whole.centre, { x: 320, y: 240 });
  assert.deepEqual([whole.kind, whole.subtract ?? false], ["rectangle", false]);
  const [{ x, y }, down] = whole.halfAxes;
  assert.ok(x >= 320 && down.y >= 240 && y === 0 && down.x === 0);
});

Deno.test("regionShapes() moves the middle of the face by half of the nose, at most 0.4", () => {
  for (const [nose, middle] of [[0.6, 0.3], [-0.6, -0.3], [0.78, 0.39], [0.9, 0.4], [-0.9, -0.4]]) {
    const shapes = regionShapes(faceWith({ nose: [nose!, 0.45] }), SIZE);
    const middleOf = (index: number) => {
      const [left, right] = edgesOf(shapes[index]!);
      return rounded((left + right) / 2);
    };
    assert.deepEqual([0, 1, 4].map(middleOf), [middle! / 2, middle, middle]);
  }
});

Deno.test("regionShapes() lays each cheek between nose, ear, eye and mouth, within limits", () => {
  const cases: readonly (readonly [Parameters<typeof faceWith>[0], Rectangle, Rectangle])[] = [
    // The distances from nose to ear are 1.65 and 0.45; at most 1.4 of the first counts.
    [{ nose: [0.6, 0.45] }, [-0.548, 0.124, 0.3, 0.82], [0.753, 0.969, 0.3, 0.82]],
    // A distance of 0.1 counts as 0.4.
    [
      { nose: [0.6, 0.45], leftEar: [0.7, 0.2] },
      [-0.548, 0.124, 0.3, 0.82],
      [0.736, 0.928, 0.3, 0.82],
    ],
    // The mouth counts from 0.7 to 1.3 below the eyes.
    [{ mouth: [0, 0.5] }, [-0.861, -0.357, 0.21, 0.574], [0.357, 0.861, 0.21, 0.574]],
    [{ mouth: [0, 1.6] }, [-0.861, -0.357, 0.39, 1.066], [0.357, 0.861, 0.39, 1.066]],
    // An ear in the middle counts as on the left.
    [
      { nose: [0.5, 0.45], rightEar: [0, 0.2] },
      [0.67, 0.91, 0.3, 0.82],
      [0.5 + 0.34 * 0.55, 0.5 + 0.82 * 0.55, 0.3, 0.82],
    ],
  ];
  for (const [parts, right, left] of cases) {
    const shapes = regionShapes(faceWith(parts), SIZE);
    assert.deepEqual([edgesOf(shapes[2]!), edgesOf(shapes[3]!)], rounded([right, left]));
  }
});

Deno.test("regionShapes() rotates every shape on the body with the head", () => {
  const angle = 0.7;
  const turn = ({ x, y }: { x: number; y: number }) => ({
    x: x * Math.cos(angle) - y * Math.sin(angle),
    y: x * Math.sin(angle) + y * Math.cos(angle),
  });
  const away = ({ x, y }: { x: number; y: number }) => ({ x: x - 320, y: y - 150 });
  const bodyOf = (face: PixelFace) => {
    const shapes = regionShapes(face, SIZE).filter(({ halfAxes }) => halfAxes[0].x < SIZE.width);
    return shapes.filter(({ region }) => REGION_NAMES[region] !== "chest");
  };
  const upright = bodyOf(faceAt(320, 150)), rotated = bodyOf(faceAt(320, 150, angle));
  assert.deepEqual(
    rounded(rotated.map(({ centre, halfAxes }) => [away(centre), ...halfAxes])),
    rounded(upright.map(({ centre, halfAxes }) => [away(centre), ...halfAxes].map(turn))),
  );
});

/** Half of the width of the forehead, which is 0.6 units. */
function unitOf(face: PixelFace): number {
  const { x, y } = regionShapes(face, SIZE)[1]!.halfAxes[0];
  return Math.hypot(x, y) / 0.6;
}

function withEyes(distance: number): PixelFace {
  const { box, landmarks } = faceAt(320, 150);
  return {
    box,
    landmarks: {
      ...landmarks,
      rightEye: { x: 320 - distance / 2, y: 150 },
      leftEye: { x: 320 + distance / 2, y: 150 },
    },
  };
}

Deno.test("regionShapes() takes its unit from the eyes, but at least 0.9 of what the box suggests", () => {
  // The box of 138 pixels suggests eyes at a distance of 60.
  for (const [eyes, unit] of [[80, 80], [55, 55], [53, 54], [20, 54], [1.5, 54]] as const) {
    assert.equal(rounded(unitOf(withEyes(eyes))), unit, `eyes ${eyes} pixels apart`);
  }
  const shapes = regionShapes(withEyes(0), SIZE);
  assert.ok(shapes.every(({ centre }) => Number.isFinite(centre.x + centre.y)));
});

Deno.test("chestRectangle() reaches 2.75 to both sides, and from 1.75 to 4.6 below the eyes", () => {
  assert.deepEqual(rounded(chestRectangle(faceAt(320, 150), SIZE)), {
    x: 320 - 165,
    y: 150 + 105,
    width: 330,
    height: 171,
  });
  assert.deepEqual(rounded(chestRectangle(faceAt(100, 250), SIZE)), {
    x: 0,
    y: 355,
    width: 265,
    height: 125,
  });
});

for (
  const { name, limit, face } of [
    { name: "0.2 face widths down", limit: 347.4, face: (at: number) => faceAt(320, at) },
    { name: "a face width across", limit: 667, face: (at: number) => faceAt(at, 150) },
    {
      name: "0.2 face widths along a lying body",
      limit: -132.6,
      face: (at: number) => faceAt(-at, 240, Math.PI / 2),
    },
    {
      name: "a face width across a lying body",
      limit: 27,
      face: (at: number) => faceAt(400, -at, Math.PI / 2),
    },
  ]
) {
  Deno.test(`chestRectangle() needs ${name} to be visible`, () => {
    assert.ok(chestRectangle(face(limit - 1), SIZE));
    assert.equal(chestRectangle(face(limit + 1), SIZE), undefined);
  });
}

Deno.test("noseRectangle() covers the bridge of the nose, at least down to 0.35 below the eyes", () => {
  const edges = (nose: readonly [number, number]) => {
    const { x, y, width, height } = noseRectangle(faceWith({ nose }), SIZE);
    return rounded(
      [x - 320, x + width - 320, y - 150, y + height - 150].map((edge) => edge / 60),
    );
  };
  assert.deepEqual(edges([0, 0.45]), [-0.38, 0.38, 0.02, 0.57]);
  assert.deepEqual(edges([0.4, 0.45]), [-0.18, 0.58, 0.02, 0.57]);
  assert.deepEqual(edges([0, 0.24]), [-0.38, 0.38, 0.02, 0.36]);
  assert.deepEqual(edges([0, 0.1]), [-0.38, 0.38, 0.02, 0.35]);
});

Deno.test("toPixels() scales x by the width and y by the height of the image", () => {
  const at = (index: number) => ({ x: 0.01 * index, y: 0.02 * index + 0.1 });
  const landmarks = {
    rightEye: at(1),
    leftEye: at(2),
    nose: at(3),
    mouth: at(4),
    rightEar: at(5),
    leftEar: at(6),
  };
  const { box, landmarks: pixels } = toPixels(
    { box: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, landmarks },
    { width: 1000, height: 100 },
  );
  assert.deepEqual(rounded(box), { x: 100, y: 20, width: 300, height: 40 });
  assert.deepEqual(
    rounded(Object.entries(pixels)),
    Object.keys(landmarks).map((name, index) => [
      name,
      { x: 10 * (index + 1), y: 2 * (index + 1) + 10 },
    ]),
  );
});
