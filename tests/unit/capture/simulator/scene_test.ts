import assert from "node:assert/strict";
import type { Portrait } from "../../../../src/capture/simulator/portrait.ts";
import {
  LEVEL,
  paintScene,
  type Placement,
  placePeople,
  SKIN_LEVEL,
  type Spectrum,
} from "../../../../src/capture/simulator/scene.ts";

Deno.test("placePeople() puts one person at the bottom, as large as fits, and two side by side", () => {
  const size = { width: 640, height: 480 };
  assert.deepEqual(placePeople("empty", size), []);
  for (const scene of ["person", "photo", "dark", "bright", "flicker"] as const) {
    assert.deepEqual(placePeople(scene, size), [{ left: 115, top: 0, height: 480 }]);
  }
  // The portrait is 512 by 600.
  assert.deepEqual(placePeople("person", { width: 256, height: 480 }), [
    { left: 0, top: 180, height: 300 },
  ]);
  assert.deepEqual(placePeople("two_faces", size), [
    { left: 7, top: 121, height: 359 },
    { left: 327, top: 121, height: 359 },
  ]);
  assert.deepEqual(placePeople("two_faces", { width: 1280, height: 300 }), [
    { left: 192, top: 0, height: 300 },
    { left: 832, top: 0, height: 300 },
  ]);
});

type Rgb = readonly [number, number, number];

/** JPEG's conversion of a color, without the offset of the chroma. */
function yuvOf([r, g, b]: Rgb): Rgb {
  const y = 0.299 * r + 0.587 * g + 0.114 * b;
  return [y, (b - y) / 1.772, (r - y) / 1.402];
}

function portraitOf(width: number, height: number, color: Rgb): Portrait {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) rgb[i] = color[i % 3]!;
  return { width, height, rgb };
}

interface Painted {
  readonly width?: number;
  readonly height?: number;
  readonly people?: readonly Placement[];
  readonly portrait?: Portrait;
  readonly pulseAmplitude?: number;
  readonly seed?: number;
  readonly spectrum?: Spectrum;
}

function paint(
  {
    width = 60,
    height = 40,
    people = [],
    portrait,
    pulseAmplitude = 0.01,
    seed = 1,
    spectrum = "visible",
  }: Painted,
) {
  return paintScene({ width, height, people, portrait, pulseAmplitude, seed, spectrum });
}

/** Brightness of a pixel of a plane in grey levels, dithered by up to half a level. */
function levelAt({ planes }: ReturnType<typeof paint>, plane: 0 | 1 | 2, x: number, y: number) {
  const { width, base, step } = planes[plane]!;
  return base[Math.floor(y / step) * width + Math.floor(x / step)]! / LEVEL;
}

/** The wall's color, which is brighter towards the upper left. */
function wallAt(x: number, y: number, { width = 60, height = 40 } = {}): Rgb {
  const light = 1 - 0.25 * (x / width) - 0.2 * (y / height);
  return [150 * light, 165 * light, 178 * light];
}

Deno.test("paintScene() paints a wall that darkens to the right by 25 % and down by 20 %", () => {
  const scene = paint({});
  assert.deepEqual(scene.planes.map(({ width, height, step }) => [width, height, step]), [
    [60, 40, 1],
    [30, 20, 2],
    [30, 20, 2],
  ]);
  for (const [x, y] of [[0, 0], [58, 0], [0, 38], [58, 38], [30, 20]] as const) {
    const yuv = yuvOf(wallAt(x, y));
    for (const plane of [0, 1, 2] as const) {
      const level = levelAt(scene, plane, x, y);
      assert.ok(Math.abs(level - yuv[plane]!) < (plane ? 0.6 : 0.52), `${plane}: ${level}`);
    }
  }
  assert.ok(scene.planes.every(({ skin }) => skin.every((value) => value === 0)));
});

Deno.test("paintScene() rounds up the chroma planes of an odd size", () => {
  const { planes } = paint({ width: 61, height: 41 });
  assert.deepEqual(planes.slice(1).map(({ width, height }) => [width, height]), [[31, 21], [
    31,
    21,
  ]]);
  assert.equal(planes[1]!.base.length, 31 * 21);
  // The last column and row are the mean of the pixels that exist.
  const u = planes[1]!.base[31 * 21 - 1]! / LEVEL;
  assert.ok(Math.abs(u - yuvOf(wallAt(60, 40, { width: 61, height: 41 }))[1]) < 0.6);
});

Deno.test("paintScene() dithers evenly by one level, as the seed says", () => {
  const { planes: [plane] } = paint({ width: 200, height: 100 });
  const offsets = Array.from(plane.base, (value, i) => {
    const [y] = yuvOf(wallAt(i % 200, Math.floor(i / 200), { width: 200, height: 100 }));
    return value / LEVEL - y;
  });
  const mean = offsets.reduce((sum, value) => sum + value) / offsets.length;
  const variance = offsets.reduce((sum, value) => sum + value ** 2, 0) / offsets.length;
  assert.ok(Math.abs(mean) < 0.01, `mean ${mean}`);
  assert.ok(Math.abs(variance - 1 / 12) < 0.003, `variance ${variance}`);
  assert.deepEqual(paint({ seed: 4 }), paint({ seed: 4 }));
  assert.notDeepEqual(paint({ seed: 4 }), paint({ seed: 5 }));
});

Deno.test("paintScene() draws the portrait at its place, with soft sides", () => {
  const color = [40, 90, 200] as const;
  const portrait = portraitOf(90, 20, color);
  const scene = paint({
    width: 140,
    height: 60,
    people: [{ left: 20, top: 30, height: 20 }],
    portrait,
  });
  const wall = (x: number, y: number) => yuvOf(wallAt(x, y, { width: 140, height: 60 }))[0];
  const [own] = yuvOf(color);
  const near = (x: number, y: number, expected: number) => {
    const level = levelAt(scene, 0, x, y);
    assert.ok(Math.abs(level - expected) < 0.9, `${level}, not ${expected}, at ${x}, ${y}`);
  };
  // A thirtieth of its width, 3 pixels, is soft on each side.
  for (
    const [column, opacity] of [[0, 1 / 3], [1, 2 / 3], [2, 1], [45, 1], [88, 2 / 3], [
      89,
      1 / 3,
    ]] as const
  ) {
    const x = 20 + column;
    near(x, 40, wall(x, 40) + opacity * (own - wall(x, 40)));
  }
  near(19, 40, wall(19, 40));
  near(110, 40, wall(110, 40));
  near(60, 29, wall(60, 29));
  near(60, 30, own);
  near(60, 49, own);
  near(60, 50, wall(60, 50));
  const chroma = yuvOf(color);
  assert.ok(Math.abs(levelAt(scene, 1, 60, 40) - chroma[1]) < 0.6);
  assert.ok(Math.abs(levelAt(scene, 2, 60, 40) - chroma[2]) < 0.6);
});

Deno.test("paintScene() cuts a portrait that exceeds the image", () => {
  const portrait = portraitOf(90, 80, [200, 200, 200]);
  const scene = paint({ people: [{ left: -10, top: -20, height: 80 }], portrait });
  assert.ok(Math.abs(levelAt(scene, 0, 0, 0) - 200) < 1);
  assert.ok(Math.abs(levelAt(scene, 0, 59, 39) - 200) < 1);
  const narrow = portraitOf(20, 80, [200, 200, 200]);
  const left = paint({ people: [{ left: -10, top: -60, height: 80 }], portrait: narrow });
  assert.ok(Math.abs(levelAt(left, 0, 0, 0) - 200) < 1);
  assert.ok(Math.abs(levelAt(left, 0, 10, 0) - yuvOf(wallAt(10, 0))[0]) < 1);
  assert.ok(Math.abs(levelAt(left, 0, 59, 39) - yuvOf(wallAt(59, 39))[0]) < 1, "no wrapping");
  assert.ok(Math.abs(levelAt(left, 0, 59, 1) - yuvOf(wallAt(59, 1))[0]) < 1, "no wrapping");
});

const SKIN = [200, 140, 110] as const;
const SIDE = 200;

/** The strength of the pulse at a position of a portrait of one color, relative to full skin. */
function pulseAt(u: number, v: number, color: Rgb = SKIN): number {
  const portrait = portraitOf(SIDE, SIDE, color);
  const { planes: [plane] } = paint({
    width: SIDE,
    height: SIDE,
    people: [{ left: 0, top: 0, height: SIDE }],
    portrait,
    pulseAmplitude: 0.01,
  });
  const at = Math.round(v * SIDE) * SIDE + Math.round(u * SIDE);
  const full = -0.01 *
    (0.299 * color[0] * 0.33 + 0.587 * color[1] * 0.77 + 0.114 * color[2] * 0.53);
  return plane.skin[at]! / SKIN_LEVEL / full;
}

for (
  const { place, inside, outside } of [
    { place: "left end of the face", inside: [0.31, 0.385], outside: [0.3, 0.385] },
    { place: "right end of the face", inside: [0.73, 0.385], outside: [0.74, 0.385] },
    { place: "top of the face", inside: [0.52, 0.19], outside: [0.52, 0.18] },
    { place: "bottom of the face", inside: [0.65, 0.54], outside: [0.65, 0.56] },
    { place: "left side of the neck", inside: [0.395, 0.62], outside: [0.385, 0.62] },
    { place: "right side of the neck", inside: [0.625, 0.62], outside: [0.635, 0.62] },
    { place: "top of the neck", inside: [0.4, 0.525], outside: [0.3, 0.525] },
    { place: "bottom of the neck", inside: [0.51, 0.665], outside: [0.51, 0.675] },
  ] as const
) {
  Deno.test(`paintScene() ends the pulse at the ${place}`, () => {
    assert.ok(Math.abs(pulseAt(inside[0], inside[1]) - 1) < 0.01);
    assert.equal(pulseAt(outside[0], outside[1]) + 0, 0);
  });
}

for (
  const { name, color, share } of [
    { name: "light skin", color: SKIN, share: 1 },
    { name: "grey", color: [120, 120, 120], share: 0 },
    { name: "green", color: [120, 121, 60], share: 0 },
    { name: "red as green", color: [121, 121, 60], share: 1 },
    { name: "purple", color: [140, 98, 107], share: 0 },
    { name: "reddish skin", color: [140, 100, 107], share: 0.6 },
    { name: "pale skin", color: [140, 120, 112], share: 0.4 },
    { name: "dark skin", color: [90, 60, 40], share: 0.5 },
    { name: "darker skin", color: [80, 60, 30], share: 0.25 },
    { name: "a shadow", color: [70, 50, 20], share: 0 },
    { name: "dark pale skin", color: [90, 70, 59], share: 0.26 },
  ] as const
) {
  Deno.test(`paintScene() gives ${name} ${share} of the pulse`, () => {
    assert.ok(Math.abs(pulseAt(0.5, 0.4, color) - share) < 0.01, `${pulseAt(0.5, 0.4, color)}`);
  });
}

Deno.test("paintScene() gives the pulse to all planes, by the absorption of red, green and blue", () => {
  const portrait = portraitOf(SIDE, SIDE, SKIN);
  const people = [{ left: 0, top: 0, height: SIDE }];
  const { planes } = paint({ width: SIDE, height: SIDE, people, portrait, pulseAmplitude: 0.02 });
  // De Haan and van Leest (2014).
  const change = yuvOf([-0.33 * 0.02 * 200, -0.77 * 0.02 * 140, -0.53 * 0.02 * 110]);
  for (const [i, { width, step, skin }] of planes.entries()) {
    const value = skin[Math.round(0.4 * SIDE / step) * width + Math.round(0.5 * SIDE / step)]!;
    assert.ok(Math.abs(value / SKIN_LEVEL - change[i]!) < 0.003, `plane ${i}: ${value}`);
  }
});

Deno.test("paintScene() paints luma alone in infrared, with a quarter of the pulse in green", () => {
  const color: Rgb = [200, 140, 110];
  const options = {
    width: 100,
    height: 100,
    people: [{ left: 0, top: 0, height: 100 }],
    portrait: portraitOf(100, 100, color),
    pulseAmplitude: 0.01,
  };
  const { planes } = paint({ ...options, spectrum: "infrared" });
  assert.equal(planes.length, 1);
  const at = 38 * 100 + 52;
  const luma = planes[0].base[at]! / LEVEL, change = planes[0].skin[at]! / SKIN_LEVEL;
  assert.ok(Math.abs(luma - (0.7 * 200 + 0.2 * 140 + 0.1 * 110)) < 0.52, `${luma}`);
  // Green changes by 0.77 of the amplitude.
  assert.ok(Math.abs(-change / luma / (0.77 * 0.01) - 0.25) < 0.01, `${change} of ${luma}`);
});
