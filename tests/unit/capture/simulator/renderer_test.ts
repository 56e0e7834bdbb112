import assert from "node:assert/strict";
import { BufferPool } from "../../../../src/capture/buffer_pool.ts";
import type { Image } from "../../../../src/capture/frame.ts";
import { postureRows } from "../../../../src/capture/simulator/posture.ts";
import { Renderer, type SceneState } from "../../../../src/capture/simulator/renderer.ts";
import {
  LEVEL,
  type Placement,
  type Scene,
  type ScenePlane,
  SKIN_LEVEL,
} from "../../../../src/capture/simulator/scene.ts";

const SIZE = { width: 80, height: 60 } as const;
const STILL: SceneState = { index: 0, pulse: 0, rise: 0, swayX: 0, swayY: 0, light: 1 };

type Of = (x: number, y: number, plane: 0 | 1 | 2) => number;

/** A scene whose levels and pulse are functions of the position in pixels. */
function sceneOf(
  level: Of,
  { people = [], skin = () => 0 }: { people?: Placement[]; skin?: Of } = {},
): Scene {
  const plane = (index: 0 | 1 | 2): ScenePlane => {
    const step = index === 0 ? 1 : 2;
    const width = SIZE.width / step, height = SIZE.height / step;
    const values = (of: Of, unit: number) =>
      Int16Array.from(
        { length: width * height },
        (_, i) => Math.round(unit * of(step * (i % width), step * Math.floor(i / width), index)),
      );
    return { width, height, step, base: values(level, LEVEL), skin: values(skin, SKIN_LEVEL) };
  };
  return { people, planes: [plane(0), plane(1), plane(2)] };
}

function draw(
  scene: Scene,
  state: Partial<SceneState> = {},
  { noise = 0, seed = 1, maxSwayPx = 0 } = {},
) {
  const renderer = new Renderer(scene, { seed, noise, maxSwayPx });
  return renderer.draw({ ...STILL, ...state }, new BufferPool());
}

/** Asserts the level of each pixel of a plane, within `within`. */
function assertLevels(image: Image, plane: 0 | 1 | 2, expected: Of, within = 0) {
  const step = plane === 0 ? 1 : 2;
  const width = SIZE.width / step, height = SIZE.height / step;
  const samples = [image.y, image.u!, image.v!][plane]!;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const found = samples[row * width + column]!;
      const level = expected(column * step, row * step, plane);
      assert.ok(
        Math.abs(found - level) <= within,
        `plane ${plane} at ${column}, ${row}: ${found}, not ${level}`,
      );
    }
  }
}

Deno.test("Renderer draws each plane of a scene at rest", () => {
  const level: Of = (x, y, plane) => plane === 0 ? 40 + x + y : plane === 1 ? x - 40 : 30 - y;
  const { image, buffer } = draw(sceneOf(level));
  assert.equal(buffer.length, 80 * 60 * 1.5);
  const { y: _y, u: _u, v: _v, ...rest } = image;
  assert.deepEqual(rest, {
    ...SIZE,
    yStride: 80,
    uvStride: 40,
    chromaShiftX: 1,
    chromaShiftY: 1,
    color: { range: "full", matrix: "bt601" },
  });
  assertLevels(image, 0, level);
  assertLevels(image, 1, (x) => 128 + x - 40);
  assertLevels(image, 2, (_x, y) => 128 + 30 - y);
  assert.equal(image.y.buffer, buffer.buffer);
});

Deno.test("Renderer rounds to the nearest level and limits to 0..255", () => {
  assertLevels(draw(sceneOf(() => 100.48)).image, 0, () => 100);
  assertLevels(draw(sceneOf(() => 100.52)).image, 0, () => 101);
  assertLevels(draw(sceneOf(() => 300)).image, 0, () => 255);
  assertLevels(draw(sceneOf(() => -20)).image, 0, () => 0);
  assertLevels(draw(sceneOf(() => -20)).image, 1, () => 108);
});

for (const light of [0.09, 0.5, 1.006, 2.6]) {
  Deno.test(`Renderer multiplies luma and chroma by a light of ${light}`, () => {
    const level: Of = (x, y, plane) => plane === 0 ? 20 + x : plane === 1 ? x - 40 : 30 - y;
    const { image } = draw(sceneOf(level), { light });
    const people = [{ left: 0, top: 0, height: 90 }];
    const moving = draw(sceneOf(level, { people }), { light });
    for (const each of [image, moving.image]) {
      assertLevels(each, 0, (x) => Math.min(255, light * (20 + x)), 0.55);
      assertLevels(each, 1, (x) => Math.min(255, Math.max(0, 128 + light * (x - 40))), 0.55);
    }
  });
}

Deno.test("Renderer adds the pulse of the skin, in rows with gaps too", () => {
  const skin: Of = (x, y, plane) =>
    y % 20 < 10 && (x < 10 || x > 30) ? (plane === 0 ? -6 : plane === 1 ? 4 : 2) : 0;
  const scene = sceneOf(() => 60, { skin });
  const renderer = new Renderer(scene, { seed: 1, noise: 0, maxSwayPx: 0 });
  for (const pulse of [1, -0.5, 0.25, 0]) {
    const { image } = renderer.draw({ ...STILL, pulse }, new BufferPool());
    assertLevels(image, 0, (x, y) => 60 + pulse * skin(x, y, 0), 0.51);
    assertLevels(image, 1, (x, y) => 188 + pulse * skin(x, y, 1), 0.51);
    assertLevels(image, 2, (x, y) => 188 + pulse * skin(x, y, 2), 0.51);
  }
});

/** A slope, so that a displacement by fractions of a pixel shows. */
const slope: Of = (x, y, plane) => plane === 0 ? 20 + 1.5 * x + 1.2 * y : 0.5 * x - 0.8 * y;
const PERSON = { left: 12, top: 4, height: 56 } as const;

for (
  const { name, state } of [
    { name: "the chest with the breath", state: { rise: 2.3 } },
    { name: "the head to the right", state: { swayX: 3.4 } },
    { name: "the head to the left", state: { swayX: -3.4 } },
    { name: "the head down", state: { swayY: 2.6 } },
    { name: "the head up", state: { swayY: -2.6 } },
    { name: "head and chest", state: { rise: 1.2, swayX: -2.7, swayY: 1.6 } },
    { name: "the head by whole pixels", state: { swayX: 4, swayY: 2 } },
  ]
) {
  Deno.test(`Renderer moves ${name}`, () => {
    const maxSwayPx = 5;
    const scene = sceneOf(slope, { people: [PERSON] });
    const { image } = draw(scene, state, { maxSwayPx });
    const { rise = 0, swayX = 0, swayY = 0 } = state as Partial<SceneState>;
    for (const plane of [0, 1, 2] as const) {
      const rows = postureRows(PERSON, { plane: scene.planes[plane]!, maxSwayPx });
      const { step, width, height } = scene.planes[plane]!;
      const expected: Of = (x, y) => {
        const row = y / step, column = x / step;
        const moves = row >= rows.firstRow && column >= rows.left[row]! &&
          column < rows.right[row]!;
        const sway = moves ? rows.sway[row]! : 0, breath = moves ? rows.breath[row]! : 0;
        const fromX = x - swayX * sway;
        const fromY = Math.min((height - 1) * step, Math.max(0, y + rise * breath - swayY * sway));
        // At the sides of the image nothing moves in.
        const beyond = fromX < 0 || fromX > (width - 1) * step;
        return Math.min(
          255,
          Math.max(0, slope(beyond ? x : fromX, beyond ? y : fromY, plane) + (plane ? 128 : 0)),
        );
      };
      assertLevels(image, plane, expected, 0.6);
    }
  });
}

Deno.test("Renderer moves two people independently of the wall between them", () => {
  const people = [{ left: -4, top: 10, height: 40 }, { left: 40, top: 20, height: 40 }];
  const scene = sceneOf(slope, { people });
  const { image } = draw(scene, { swayY: 2 });
  const rows = people.map((person) =>
    postureRows(person, { plane: scene.planes[0], maxSwayPx: 0 })
  );
  assertLevels(image, 0, (x, y) => {
    const mover = rows.find(({ firstRow, left, right }) =>
      y >= firstRow && x >= left[y]! && x < right[y]!
    );
    return Math.min(255, slope(x, Math.max(0, y - 2 * (mover?.sway[y] ?? 0)), 0));
  }, 0.6);
});

/** Deviations of a plane from the scene. */
function noiseOf(samples: Uint8Array, level: number): number[] {
  return Array.from(samples, (value) => value - level);
}

function deviation(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

Deno.test("Renderer adds the noise of red, green and blue to Y, U and V", () => {
  const { image } = draw(sceneOf((_x, _y, plane) => plane === 0 ? 120 : 0), {}, { noise: 10 });
  // Independent noise adds by squares; U and V are means of 2 by 2 pixels.
  const gains = [
    Math.hypot(0.299, 0.587, 0.114),
    Math.hypot(0.168736, 0.331264, 0.5) / 2,
    Math.hypot(0.5, 0.418688, 0.081312) / 2,
  ];
  for (const [i, samples] of [image.y, image.u!, image.v!].entries()) {
    const noise = noiseOf(samples, i === 0 ? 120 : 128);
    const ratio = deviation(noise) / (10 * gains[i]!);
    assert.ok(Math.abs(ratio - 1) < 0.06, `plane ${i}: ${ratio}`);
    const mean = noise.reduce((sum, value) => sum + value) / noise.length;
    assert.ok(Math.abs(mean) < 0.5, `plane ${i}: mean ${mean}`);
  }
});

Deno.test("Renderer gives moving and resting parts the same noise", () => {
  const people = [{ left: 0, top: 0, height: 90 }];
  const flat: Of = (_x, _y, plane) => plane === 0 ? 120 : 0;
  const resting = draw(sceneOf(flat), {}, { noise: 6 }).image;
  for (const swayX of [0, 0.4]) {
    const moving = draw(sceneOf(flat, { people }), { swayX }, { noise: 6 }).image;
    assert.deepEqual(moving.y, resting.y);
    assert.deepEqual(moving.v, resting.v);
  }
});

Deno.test("Renderer repeats the noise for the same seed and frame alone", () => {
  const scene = sceneOf((_x, _y, plane) => plane === 0 ? 120 : 0);
  const luma = (seed: number, index: number) => draw(scene, { index }, { noise: 4, seed }).image.y;
  assert.deepEqual(luma(3, 5), luma(3, 5));
  assert.notDeepEqual(luma(3, 5), luma(4, 5));
  assert.notDeepEqual(luma(3, 5), luma(3, 6));
  const frame = luma(3, 5);
  const rows = Array.from(
    { length: 60 },
    (_, row) => frame.subarray(80 * row, 80 * (row + 1)).join(),
  );
  assert.equal(new Set(rows).size, 60, "each row has its own noise");
});

Deno.test("Renderer uses the buffers of the pool", () => {
  const pool = new BufferPool();
  const renderer = new Renderer(sceneOf(() => 10), { seed: 1, noise: 0, maxSwayPx: 0 });
  const { buffer } = renderer.draw(STILL, pool);
  pool.release(buffer);
  assert.equal(renderer.draw(STILL, pool).buffer, buffer);
});

Deno.test("Renderer draws a scene of luma alone as a grayscale image with the whole noise", () => {
  const { people, planes: [luma] } = sceneOf(() => 100);
  const { image, buffer } = draw({ people, planes: [luma] }, {}, { noise: 4 });
  assert.equal(buffer.length, SIZE.width * SIZE.height);
  assert.deepEqual([image.u, image.v, image.width, image.height], [undefined, undefined, 80, 60]);
  const squares = image.y.reduce((sum, value) => sum + (value - 100) ** 2, 0);
  const deviation = Math.sqrt(squares / image.y.length);
  assert.ok(Math.abs(deviation - 4) < 0.25, `${deviation}`);
});
