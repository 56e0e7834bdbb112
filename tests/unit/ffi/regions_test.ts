import assert from "node:assert/strict";
import { RegionMeter, resampleRgb, type Shape } from "../../../ffi/regions.ts";
import { Random } from "../../support/random.ts";
import { grey, paint } from "../../support/yuv.ts";

const SIZE = { width: 64, height: 48 } as const;

function rectangle(
  region: number,
  [left, top, right, bottom]: readonly [number, number, number, number],
  options: Partial<Shape> = {},
): Shape {
  return {
    kind: "rectangle",
    region,
    centre: { x: (left + right) / 2, y: (top + bottom) / 2 },
    halfAxes: [{ x: (right - left) / 2, y: 0 }, { x: 0, y: (bottom - top) / 2 }],
    ...options,
  };
}

function noise(seed: number) {
  const random = new Random(seed);
  return () =>
    [
      60 + 100 * random.uniform(),
      100 + 50 * random.uniform(),
      100 + 50 * random.uniform(),
    ] as const;
}

/** Reference implementation of the means over a rectangle of pixels. */
function expectedMeans(
  image: ReturnType<typeof paint>,
  [left, top, right, bottom]: readonly [number, number, number, number],
) {
  const sums = { y: 0, u: 0, v: 0 };
  let count = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const chroma = (y >> image.chromaShiftY) * image.uvStride + (x >> image.chromaShiftX);
      sums.y += image.y[y * image.yStride + x] ?? 0;
      sums.u += image.u?.[chroma] ?? 128;
      sums.v += image.v?.[chroma] ?? 128;
      count++;
    }
  }
  return { y: sums.y / count, u: sums.u / count, v: sums.v / count };
}

function close(actual: number, expected: number, within: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= within, `${what}: ${actual}, not ${expected}`);
}

for (const [chromaShiftX, chromaShiftY] of [[1, 1], [1, 0], [0, 0], [0, 1]] as const) {
  Deno.test(`RegionMeter.measure() returns the mean of a region's pixels, chroma 1/${1 << chromaShiftX} by 1/${1 << chromaShiftY}`, () => {
    const image = paint({ ...SIZE, chromaShiftX, chromaShiftY }, noise(1));
    using meter = new RegionMeter();
    const edges = [8, 6, 40, 30] as const;
    meter.layout(image, [rectangle(2, edges)], { fade: 255 });
    meter.measure(image);
    const { weight, y, u, v, pixels, clipped } = meter.region(2);
    const expected = expectedMeans(image, edges);
    // The edges lie between cells, so all weights are 0 or 255 and the sums are exact.
    close(y / weight, expected.y, 1e-9, "Y");
    close(u / weight, expected.u, 1e-9, "U");
    close(v / weight, expected.v, 1e-9, "V");
    assert.equal(pixels, 32 * 24);
    assert.equal(clipped, 0);
    assert.equal(meter.region(3).pixels, 0);
  });
}

Deno.test("RegionMeter.measure() measures a grayscale image by its luma", () => {
  const image = grey(paint(SIZE, noise(2)));
  using meter = new RegionMeter();
  meter.layout(image, [rectangle(0, [8, 6, 40, 30], { skin: true, skinReference: true })], {
    fade: 255,
  });
  meter.measure(image);
  const { weight, u, v, pixels } = meter.region(0);
  assert.ok(pixels > 500);
  assert.equal(u / weight, 128);
  assert.equal(v / weight, 128);
});

Deno.test("RegionMeter.layout() removes a subtracted shape from the previous ones", () => {
  const image = paint(SIZE, (x) => x < 32 ? [100, 128, 128] : [200, 128, 128]);
  using meter = new RegionMeter();
  const shapes = [
    rectangle(1, [0, 0, 64, 48]),
    rectangle(1, [32, 0, 64, 48], { subtract: true }),
  ];
  meter.layout(image, shapes, { fade: 255 });
  meter.measure(image);
  const { weight, y } = meter.region(1);
  close(y / weight, 100, 0.01, "Y");
});

Deno.test("RegionMeter.measure() counts clipped pixels, even if only one color channel is clipped", () => {
  // Y 190, V 190 is a red of 277: the red channel is clipped.
  const image = paint(SIZE, (x) => x < 16 ? [190, 110, 190] : [120, 110, 150]);
  using meter = new RegionMeter();
  meter.layout(image, [rectangle(0, [0, 0, 64, 48])], { fade: 255 });
  meter.measure(image);
  const { clipped, pixels } = meter.region(0);
  assert.equal(clipped / pixels, 0.25);
});

for (const [tone, skin] of [["light", [190, 112, 150]], ["dark", [62, 122, 139]]] as const) {
  Deno.test(`RegionMeter.layout() accepts ${tone} skin and rejects hair, cloth and reflections`, () => {
    const [y, u, v] = skin;
    const random = new Random(5);
    const image = paint(SIZE, (x, row) => {
      const n = 2 * random.normal();
      if (row < 8) return [y / 3.2 + n, 127, 130]; // hair
      if (row > 40) return [y + n, 150, 110]; // blue cloth
      if (x < 6) return [Math.min(255, 2.3 * y) + n, 128, 130]; // reflection on glasses
      return [y + n, u + n / 2, v + n / 2];
    });
    using meter = new RegionMeter();
    const core = rectangle(0, [20, 16, 44, 32], { skin: true, skinReference: true });
    meter.layout(image, [core, rectangle(4, [0, 0, 64, 48], { skin: true })], { fade: 255 });
    meter.measure(image);
    const { weight, y: sumY, u: sumU, v: sumV, pixels } = meter.region(4);
    close(sumY / weight, y, 1.5, "Y");
    close(sumU / weight, u, 0.7, "U");
    close(sumV / weight, v, 0.7, "V");
    const skinPixels = 33 * 58;
    close(pixels / skinPixels, 1, tone === "light" ? 0.12 : 0.3, "share of the skin");
  });
}

Deno.test("RegionMeter.layout() fades to a new mask, so that the mean has no step", () => {
  const left = paint(SIZE, (x) => x < 32 ? [150, 110, 150] : [150, 150, 110]);
  const right = paint(SIZE, (x) => x < 32 ? [150, 150, 110] : [150, 110, 150]);
  using meter = new RegionMeter();
  const core = (edges: readonly [number, number, number, number]) => [
    rectangle(0, edges, { skinReference: true }),
    rectangle(4, [0, 0, 64, 48], { skin: true }),
  ];
  meter.layout(left, core([4, 4, 28, 44]), { fade: 255 });
  meter.measure(left);
  const before = meter.region(4).weight;
  meter.layout(right, core([36, 4, 60, 44]), { fade: 51 });
  const weights = Array.from({ length: 6 }, () => {
    meter.measure(left);
    return meter.region(4).u / meter.region(4).weight;
  });
  close(weights[0] ?? 0, 110 * 0.8 + 150 * 0.2, 1, "after one frame of five");
  close(weights[5] ?? 0, 150, 0.5, "at the end");
  close(meter.region(4).weight, before, before / 20, "weight");
});

Deno.test("RegionMeter.measure() returns brightness, clipped share and motion of the whole image", () => {
  using meter = new RegionMeter();
  const dark = paint(SIZE, (x) => x < 16 ? [0, 128, 128] : [100, 128, 128]);
  meter.measure(dark);
  assert.equal(meter.brightness, 75);
  assert.equal(meter.clipped, 0.25);
  assert.equal(meter.motion, 0);
  meter.measure(paint(SIZE, (x) => x < 16 ? [8, 128, 128] : [104, 128, 128]));
  assert.equal(meter.motion, 5);
  const limited = { ...dark, color: { range: "limited", matrix: "bt601" } } as const;
  meter.measure(limited);
  close(meter.brightness, (75 - 16) * 255 / 219, 1e-4, "brightness in limited range");
});

Deno.test("RegionMeter.layout() between two frames does not affect the motion between them", () => {
  using meter = new RegionMeter();
  const one = paint(SIZE, () => [100, 128, 128]);
  const two = paint(SIZE, () => [107, 128, 128]);
  meter.measure(one);
  meter.layout(two, [rectangle(0, [0, 0, 64, 48])], { fade: 255 });
  meter.measure(two);
  assert.equal(meter.motion, 7);
});

Deno.test("RegionMeter accepts a change of the image size and rejects planes that are too short", () => {
  using meter = new RegionMeter();
  const small = paint({ width: 20, height: 15 }, noise(3));
  const large = paint({ width: 641, height: 363 }, noise(4));
  for (const image of [small, large, small]) {
    meter.layout(image, [rectangle(0, [2, 2, 12, 12])], { fade: 255 });
    meter.track(0, { x: 0, y: 0, width: 20, height: 15 });
    meter.measure(image);
    meter.measure(image);
    assert.equal(meter.region(0).pixels, 100);
  }
  assert.throws(() => meter.measure({ ...small, y: small.y.subarray(1) }), RangeError);
  assert.throws(() => meter.measure({ ...small, v: new Uint8Array(3) }), RangeError);
  assert.throws(() => meter.measure({ ...small, yStride: 10 }), /stride is smaller/);
});

Deno.test("RegionMeter.measure() throws after its disposal", () => {
  const meter = new RegionMeter();
  meter[Symbol.dispose]();
  meter[Symbol.dispose]();
  assert.throws(() => meter.measure(paint(SIZE, noise(1))), /disposed of/);
});

Deno.test("resampleRgb() returns the mean of the covered pixels, and black outside of the image", () => {
  const image = paint(SIZE, (x, y) => [x < 32 ? 50 : 150, 128, y < 24 ? 128 : 148]);
  const out = new Float32Array(4 * 4 * 3);
  resampleRgb(image, out, {
    from: { x: 0, y: -8, width: 64, height: 64 },
    width: 4,
    height: 4,
  });
  const pixel = (x: number, y: number) => [...out.subarray((y * 4 + x) * 3, (y * 4 + x) * 3 + 3)];
  assert.deepEqual(pixel(0, 1), [50, 50, 50]);
  assert.deepEqual(pixel(3, 0), [150, 150, 150]);
  close(pixel(0, 2)[0] ?? 0, 50 + 1.402 * 20, 0.01, "red");
  resampleRgb(image, out, {
    from: { x: 64, y: 0, width: 8, height: 8 },
    width: 4,
    height: 4,
    scale: 2 / 255,
    offset: -1,
  });
  assert.ok(out.every((value) => value === -1));
  const from = { x: 0, y: 0, width: 4, height: 4 };
  assert.throws(() => resampleRgb(image, out, { from, width: 5, height: 4 }), RangeError);
});

Deno.test("resampleRgb() with one quarter turn moves the right side to the top", () => {
  const image = paint(
    { width: 64, height: 64 },
    (x, y) => [x > 48 ? 200 : y < 16 ? 90 : 20, 128, 128],
  );
  const from = { x: 0, y: 0, width: 64, height: 64 };
  const edges = ([1, 2, 3] as const).map((quarterTurns) => {
    const out = new Float32Array(8 * 8 * 3);
    resampleRgb(image, out, { from, width: 8, height: 8, quarterTurns });
    const at = (x: number, y: number) => out[(y * 8 + x) * 3];
    return { top: at(4, 0), bottom: at(4, 7), left: at(0, 4), right: at(7, 4) };
  });
  assert.deepEqual(edges, [
    { top: 200, bottom: 20, left: 90, right: 20 },
    { top: 20, bottom: 90, left: 200, right: 20 },
    { top: 20, bottom: 200, left: 20, right: 90 },
  ]);
});

Deno.test("RegionMeter moves only masks with followsMotion, by fractions of a pixel", () => {
  // Skin with a birthmark: the mean of a fixed mask changes with the motion.
  const skin = (dx: number, dy: number) =>
    paint({ width: 120, height: 100 }, (x, y) => {
      const far = Math.hypot(x - dx - 62, y - dy - 58);
      return [
        120 + 20 * Math.sin(0.3 * (x - dx)) * Math.sin(0.25 * (y - dy)) - 60 / (1 + far),
        118,
        140,
      ];
    });
  const measure = (followsMotion: boolean) => {
    using meter = new RegionMeter();
    const first = skin(0, 0);
    meter.layout(first, [rectangle(2, [50, 46, 70, 66], { followsMotion })], { fade: 255 });
    meter.track(1, { x: 30, y: 20, width: 60, height: 60 });
    return Array.from({ length: 60 }, (_, index) => {
      meter.measure(skin(3 * Math.sin(index / 8), 2 * Math.sin(index / 11)));
      return meter.region(2).y / meter.region(2).weight;
    });
  };
  const range = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  const fixed = range(measure(false));
  const following = range(measure(true));
  assert.ok(following < 0.2 * fixed, `${following} against ${fixed}`);
});

Deno.test("RegionMeter.layout() fades from the shifted mask to the new one", () => {
  const scene = (dx: number) =>
    paint({ width: 120, height: 100 }, (x, y) => {
      const texture = 20 * Math.sin(0.3 * (x - dx)) * Math.sin(0.25 * y);
      return [120 + texture + 0.4 * (x - dx), 118, 140];
    });
  using meter = new RegionMeter();
  const shape = (dx: number) => [rectangle(2, [40 + dx, 40, 70 + dx, 70], { followsMotion: true })];
  meter.layout(scene(0), shape(0), { fade: 255 });
  meter.track(1, { x: 30, y: 20, width: 60, height: 60 });
  const means: number[] = [];
  for (let index = 0; index < 40; index++) {
    const dx = 0.15 * index;
    if (index === 20) meter.layout(scene(dx), shape(meter.shift.x), { fade: 20 });
    meter.measure(scene(dx));
    means.push(meter.region(2).y / meter.region(2).weight);
  }
  assert.ok(Math.max(...means) - Math.min(...means) < 0.25);
});

Deno.test("RegionMeter.layout() draws ellipses and rectangles", () => {
  const image = paint({ ...SIZE, chromaShiftX: 0, chromaShiftY: 0 }, () => [100, 128, 128]);
  using meter = new RegionMeter();
  const edges = [10, 8, 50, 40] as const;
  meter.layout(image, [rectangle(0, edges), rectangle(1, edges, { kind: "ellipse" })], {
    fade: 255,
  });
  meter.measure(image);
  close(meter.region(0).weight / 255, 40 * 32, 1e-9, "area of the rectangle");
  close(meter.region(1).weight / 255, Math.PI * 20 * 16, 8, "area of the ellipse");
});

/** Rows with `padding` more bytes, whose contents must not count; the last row has none. */
function padded(plane: Uint8Array, width: number, padding: number): Uint8Array<ArrayBuffer> {
  const height = plane.length / width;
  const out = new Uint8Array((height - 1) * (width + padding) + width).fill(255);
  for (let row = 0; row < height; row++) {
    out.set(plane.subarray(row * width, (row + 1) * width), row * (width + padding));
  }
  return out;
}

for (const [chromaShiftX, chromaShiftY] of [[1, 1], [1, 0], [0, 1]] as const) {
  Deno.test(`RegionMeter.measure() reads rows with padding, up to the last pixel, chroma 1/${1 << chromaShiftX} by 1/${1 << chromaShiftY}`, () => {
    const size = { width: 13, height: 9 };
    const image = paint({ ...size, chromaShiftX, chromaShiftY }, noise(6));
    const wide = {
      ...image,
      y: padded(image.y, 13, 5),
      u: padded(image.u!, image.uvStride, 3),
      v: padded(image.v!, image.uvStride, 3),
      yStride: 18,
      uvStride: image.uvStride + 3,
    };
    const sums = [image, wide].map((planes) => {
      using meter = new RegionMeter();
      meter.layout(planes, [rectangle(1, [0, 0, 12, 8])], { fade: 255 });
      meter.measure(planes);
      return { ...meter.region(1), brightness: meter.brightness };
    });
    assert.deepEqual(sums[0], sums[1]);
    using meter = new RegionMeter();
    for (const name of ["y", "u", "v"] as const) {
      const short = { ...wide, [name]: wide[name].slice(0, -1) };
      assert.throws(() => meter.measure(short), RangeError, name);
    }
  });
}

Deno.test("RegionMeter.layout() restricts the motion to the face, in each of its coordinates", () => {
  const still = paint(SIZE, () => [100, 128, 128]);
  // Only the rectangle from (16, 8) to (48, 32) changes.
  const isChanged = (x: number, y: number) => x > 16 && x < 48 && y > 8 && y < 32;
  const moved = paint(SIZE, (x, y) => [isChanged(x, y) ? 110 : 100, 128, 128]);
  const motionIn = (face?: { x: number; y: number; width: number; height: number }) => {
    using meter = new RegionMeter();
    meter.layout(still, [], { fade: 255, ...(face && { face }) });
    meter.measure(still);
    meter.measure(moved);
    return meter.motion;
  };
  close(motionIn(), 10 * (32 * 24) / (64 * 48), 0.01, "the whole image");
  close(motionIn({ x: 16, y: 8, width: 32, height: 24 }), 10, 0.01, "the changed part");
  close(motionIn({ x: 0, y: 8, width: 32, height: 24 }), 5, 0.01, "the left half of it");
  close(motionIn({ x: 16, y: 20, width: 32, height: 24 }), 5, 0.01, "the lower half of it");
  close(motionIn({ x: 48, y: 0, width: 16, height: 48 }), 0, 0.01, "the right of it");
});

Deno.test("RegionMeter.track() follows each patch by itself, and stops without a rectangle", () => {
  const scene = (dx: number) =>
    paint({ width: 120, height: 100 }, (x, y) => {
      const from = y < 50 ? x : x - dx; // only the lower half moves
      return [120 + 30 * Math.sin(0.3 * from) * Math.sin(0.25 * y), 128, 128];
    });
  using meter = new RegionMeter();
  meter.track(0, { x: 10, y: 4, width: 100, height: 40 });
  meter.track(1, { x: 10, y: 56, width: 100, height: 40 });
  for (let index = 0; index <= 20; index++) meter.measure(scene(0.1 * index));
  const [upper, lower] = [meter.position(0), meter.position(1)];
  close(upper.x, 0, 0.1, "the upper patch");
  close(lower.x, 2, 0.2, "the lower patch");
  close(lower.y, 0, 0.1, "the lower patch, down");
  assert.ok(upper.confidence > 0.5 && lower.confidence > 0.5);
  meter.track(1, undefined);
  meter.measure(scene(2));
  assert.equal(meter.position(1).confidence, 0);
  assert.ok(meter.position(0).confidence > 0.5);
});

for (
  const [matrix, red] of [["bt601", 100 + 1.402 * 20], ["bt709", 100 + 1.5748 * 20]] as const
) {
  Deno.test(`resampleRgb() converts ${matrix} to RGB`, () => {
    const color = { range: "full", matrix } as const;
    const image = paint({ ...SIZE, color }, () => [100, 128, 148]);
    const out = new Float32Array(3);
    resampleRgb(image, out, { from: { x: 8, y: 8, width: 16, height: 16 }, width: 1, height: 1 });
    close(out[0]!, red, 0.01, "red");
  });
}
