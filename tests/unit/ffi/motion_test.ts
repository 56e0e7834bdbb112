import assert from "node:assert/strict";
import { RegionMeter } from "../../../ffi/regions.ts";
import type { Image } from "../../../src/capture/frame.ts";
import { Random } from "../../support/random.ts";
import { paint } from "../../support/yuv.ts";

const SIZE = { width: 160, height: 120 } as const;
const PLACE = { x: 30, y: 40, width: 100, height: 60 } as const;

/** Cloth with folds: known at every place, so that it can be moved by parts of a pixel. */
function cloth(x: number, y: number): number {
  return 110 + 25 * Math.sin(0.21 * x + 0.13 * y) + 20 * Math.sin(0.17 * y - 0.05 * x) +
    12 * Math.sin(0.43 * y + 0.31 * x);
}

interface Scene {
  readonly dx?: number;
  readonly dy?: number;
  readonly light?: number;
  readonly noise?: number;
  readonly random?: Random;
  readonly size?: { readonly width: number; readonly height: number };
}

function scene({ dx = 0, dy = 0, light = 0, noise = 0, random, size = SIZE }: Scene): Image {
  return paint(size, (x, y) => [
    cloth(x - dx, y - dy) + light + (noise && random ? noise * random.normal() : 0),
    128,
    128,
  ]);
}

/** The positions that a meter tells of a sequence of scenes, in pixels down. */
function follow(scenes: Iterable<Image>, place: typeof PLACE = PLACE) {
  using meter = new RegionMeter();
  meter.follow(0, place);
  return Array.from(scenes, (picture) => {
    meter.measure(picture);
    return meter.position(0);
  });
}

function rms(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

const breath = (index: number) => 0.4 * Math.sin(2 * Math.PI * index / 90);

Deno.test("a breath of half a pixel is followed to a few hundredths, downward positive", () => {
  const random = new Random(1);
  const moves = Array.from({ length: 180 }, (_, index) => breath(index));
  const positions = follow(moves.map((dy) => scene({ dy, noise: 2, random })));
  const errors = positions.slice(1).map(({ y }, index) => y - (moves[index + 1] ?? 0));
  assert.ok(rms(errors) < 0.03, `error ${rms(errors)}`);
  assert.ok(positions.slice(1).every(({ confidence }) => confidence > 0.7));
});

Deno.test("sideways motion is not taken for a breath", () => {
  const positions = follow(
    Array.from({ length: 60 }, (_, index) => scene({ dx: 2 * breath(index) })),
  );
  assert.ok(rms(positions.map(({ y }) => y)) < 0.03);
  assert.ok(rms(positions.map(({ x }, index) => x - 2 * breath(index))) < 0.05);
});

Deno.test("a change of light moves nothing", () => {
  const positions = follow(
    Array.from({ length: 60 }, (_, index) => scene({ light: 12 * Math.sin(index / 9) })),
  );
  assert.ok(rms(positions.map(({ y }) => y)) < 0.01);
});

Deno.test("noise alone neither drifts nor walks", () => {
  const random = new Random(2);
  const pictures = Array.from({ length: 12 }, () => scene({ noise: 3, random }));
  const positions = follow(
    Array.from({ length: 1500 }, (_, index) => pictures[(index * 7) % 12] ?? pictures[0]!),
  );
  const farthest = Math.max(...positions.map(({ y }) => Math.abs(y)));
  assert.ok(farthest < 0.1, `${farthest}`);
});

Deno.test("a way far beyond the reference is followed by new references", () => {
  const positions = follow(Array.from({ length: 120 }, (_, index) => scene({ dy: index / 4 })));
  const last = positions.at(-1)?.y ?? 0;
  assert.ok(Math.abs(last - 119 / 4) < 0.6, `${last}`);
});

Deno.test("a part that moves by itself, as a hand before the chest, is outvoted", () => {
  const positions = follow(Array.from({ length: 90 }, (_, index) =>
    paint(SIZE, (x, y) => {
      const dy = x > 100 ? 0.15 * index : breath(index);
      return [cloth(x, y - dy), 128, 128];
    })));
  const errors = positions.map(({ y }, index) => y - breath(index));
  assert.ok(rms(errors) < 0.5, `error ${rms(errors)}`);
});

Deno.test("a cut to another picture says that it does not know, and the position stays", () => {
  using meter = new RegionMeter();
  meter.follow(0, PLACE);
  for (let index = 0; index < 5; index++) meter.measure(scene({}));
  const other = paint(
    SIZE,
    (x, y) => [128 + 60 * Math.sin(0.5 * x) * Math.cos(0.37 * y), 128, 128],
  );
  meter.measure(other);
  assert.ok(meter.position(0).confidence < 0.4);
  for (let index = 0; index < 20; index++) meter.measure(other);
  assert.ok(Math.abs(meter.position(0).y) < 1.5, `${meter.position(0).y}`);
  assert.ok(meter.position(0).confidence > 0.8);
});

Deno.test("cloth without folds says that it does not know", () => {
  const random = new Random(3);
  const positions = follow(
    Array.from({ length: 20 }, () => paint(SIZE, () => [90 + 2 * random.normal(), 128, 128])),
  );
  assert.ok(positions.every(({ confidence }) => confidence < 0.3));
});

Deno.test("nothing is followed where nothing was asked for, or too little", () => {
  using meter = new RegionMeter();
  meter.measure(scene({}));
  meter.follow(0, { x: 10, y: 10, width: 5, height: 5 });
  meter.measure(scene({}));
  meter.measure(scene({}));
  assert.equal(meter.position(0).confidence, 0);
  meter.follow(1, PLACE);
  meter.measure(scene({}));
  meter.measure(scene({}));
  assert.ok(meter.position(1).confidence > 0.8);
  meter.follow(1, undefined);
  meter.measure(scene({}));
  assert.equal(meter.position(1).confidence, 0);
});

Deno.test("a large picture is followed on half its samples, in its own pixels", () => {
  const size = { width: 640, height: 240 };
  const positions = follow(
    Array.from({ length: 30 }, (_, index) => scene({ dy: index / 20, size })),
    { x: 100, y: 60, width: 300, height: 120 } as unknown as typeof PLACE,
  );
  const last = positions.at(-1)?.y ?? 0;
  assert.ok(Math.abs(last - 29 / 20) < 0.05, `${last}`);
});
