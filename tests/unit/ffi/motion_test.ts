import assert from "node:assert/strict";
import { type PixelRectangle, RegionMeter } from "../../../ffi/regions.ts";
import type { Planes } from "../../../ffi/image.ts";
import { Random } from "../../support/random.ts";
import { paint } from "../../support/yuv.ts";

const SIZE = { width: 160, height: 120 } as const;
const RECTANGLE = { x: 30, y: 40, width: 100, height: 60 } as const;

/** A continuous cloth texture, so that it can be moved by fractions of a pixel: plane waves. */
const WAVES = [[25, 0.21, 0.13], [20, -0.05, 0.17], [12, 0.31, 0.43]] as const;

/** The sine and the cosine of a coordinate in each wave, from which follows the sine of the sum. */
const phasesOf = (x: number, y: number) =>
  WAVES.map(([, kx, ky]) => [Math.sin(kx * x + ky * y), Math.cos(kx * x + ky * y)] as const);

/** Returns the brightness at the center of a pixel, of an image with the cloth moved by `dx` and `dy`. */
function cloth(
  { width, height }: { readonly width: number; readonly height: number },
  { dx = 0, dy = 0 }: { readonly dx?: number; readonly dy?: number },
): (x: number, y: number) => number {
  const columns = Array.from({ length: width }, (_, x) => phasesOf(x + 0.5 - dx, 0));
  const rows = Array.from({ length: height }, (_, y) => phasesOf(0, y + 0.5 - dy));
  return (x, y) => {
    const column = columns[Math.floor(x)]!, row = rows[Math.floor(y)]!;
    let value = 110;
    for (let k = 0; k < WAVES.length; k++) {
      const [sinX, cosX] = column[k]!, [sinY, cosY] = row[k]!;
      value += WAVES[k]![0] * (sinX * cosY + cosX * sinY);
    }
    return value;
  };
}

interface Scene {
  readonly dx?: number;
  readonly dy?: number;
  readonly brightness?: number;
  readonly noise?: number;
  readonly random?: Random;
  readonly size?: { readonly width: number; readonly height: number };
}

function scene({ dx = 0, dy = 0, brightness = 0, noise = 0, random, size = SIZE }: Scene): Planes {
  const at = cloth(size, { dx, dy });
  return paint(size, (x, y) => [
    at(x, y) + brightness + (noise && random ? noise * random.normal() : 0),
    128,
    128,
  ]);
}

/** Returns the positions that a meter measures in a sequence of scenes. */
function track(scenes: Iterable<Planes>, rectangle: PixelRectangle = RECTANGLE) {
  using meter = new RegionMeter();
  meter.track(0, rectangle);
  return Array.from(scenes, (image) => {
    meter.measure(image);
    return meter.position(0);
  });
}

function rms(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

const breath = (index: number) => 0.4 * Math.sin(2 * Math.PI * index / 90);

Deno.test("RegionMeter.track() measures a breath of half a pixel to a few hundredths, downward positive", () => {
  const random = new Random(1);
  const moves = Array.from({ length: 180 }, (_, index) => breath(index));
  const positions = track(moves.map((dy) => scene({ dy, noise: 2, random })));
  const errors = positions.slice(1).map(({ y }, index) => y - (moves[index + 1] ?? 0));
  assert.ok(rms(errors) < 0.03, `error ${rms(errors)}`);
  assert.ok(positions.slice(1).every(({ confidence }) => confidence > 0.7));
});

Deno.test("RegionMeter.track() separates horizontal from vertical motion", () => {
  const positions = track(
    Array.from({ length: 60 }, (_, index) => scene({ dx: 2 * breath(index) })),
  );
  assert.ok(rms(positions.map(({ y }) => y)) < 0.03);
  assert.ok(rms(positions.map(({ x }, index) => x - 2 * breath(index))) < 0.05);
});

Deno.test("RegionMeter.track() ignores a change of brightness", () => {
  const positions = track(
    Array.from({ length: 60 }, (_, index) => scene({ brightness: 12 * Math.sin(index / 9) })),
  );
  assert.ok(rms(positions.map(({ y }) => y)) < 0.01);
});

Deno.test("RegionMeter.track() does not drift with noise", () => {
  const random = new Random(2);
  const images = Array.from({ length: 12 }, () => scene({ noise: 3, random }));
  const positions = track(
    Array.from({ length: 1500 }, (_, index) => images[(index * 7) % 12] ?? images[0]!),
  );
  const farthest = Math.max(...positions.map(({ y }) => Math.abs(y)));
  assert.ok(farthest < 0.1, `${farthest}`);
});

Deno.test("RegionMeter.track() takes new references for a large displacement", () => {
  const positions = track(Array.from({ length: 120 }, (_, index) => scene({ dy: index / 4 })));
  const last = positions.at(-1)?.y ?? 0;
  assert.ok(Math.abs(last - 119 / 4) < 0.6, `${last}`);
});

Deno.test("RegionMeter.track() ignores a part that moves independently, such as a hand before the chest", () => {
  const positions = track(Array.from({ length: 90 }, (_, index) => {
    const hand = cloth(SIZE, { dy: 0.15 * index });
    const chest = cloth(SIZE, { dy: breath(index) });
    return paint(SIZE, (x, y) => [x > 100 ? hand(x, y) : chest(x, y), 128, 128]);
  }));
  const errors = positions.map(({ y }, index) => y - breath(index));
  assert.ok(rms(errors) < 0.5, `error ${rms(errors)}`);
});

Deno.test("RegionMeter.track() lowers the confidence and keeps the position when the scene changes", () => {
  using meter = new RegionMeter();
  meter.track(0, RECTANGLE);
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

Deno.test("RegionMeter.track() has a low confidence without texture", () => {
  const random = new Random(3);
  const positions = track(
    Array.from({ length: 20 }, () => paint(SIZE, () => [90 + 2 * random.normal(), 128, 128])),
  );
  assert.ok(positions.every(({ confidence }) => confidence < 0.3));
});

Deno.test("RegionMeter.track() has no confidence without a rectangle or with one that is too small", () => {
  using meter = new RegionMeter();
  meter.measure(scene({}));
  meter.track(0, { x: 10, y: 10, width: 5, height: 5 });
  meter.measure(scene({}));
  meter.measure(scene({}));
  assert.equal(meter.position(0).confidence, 0);
  meter.track(1, RECTANGLE);
  meter.measure(scene({}));
  meter.measure(scene({}));
  assert.ok(meter.position(1).confidence > 0.8);
  meter.track(1, undefined);
  meter.measure(scene({}));
  assert.equal(meter.position(1).confidence, 0);
});

Deno.test("RegionMeter.track() returns full-resolution pixels for a large image, which it subsamples", () => {
  const size = { width: 640, height: 240 };
  const positions = track(
    Array.from({ length: 30 }, (_, index) => scene({ dy: index / 20, size })),
    { x: 100, y: 60, width: 300, height: 120 },
  );
  const last = positions.at(-1)?.y ?? 0;
  assert.ok(Math.abs(last - 29 / 20) < 0.05, `${last}`);
});
