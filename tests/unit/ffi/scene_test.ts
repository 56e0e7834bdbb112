import assert from "node:assert/strict";
import { applyPulse, drawSegments, type SceneSegment, SceneSegments } from "../../../ffi/scene.ts";
import { Random } from "../../support/random.ts";

const WIDTH = 40, HEIGHT = 8, SHIFT = 10;
const random = new Random(1);
const values = (length: number, limit: number) =>
  Int32Array.from({ length }, () => Math.round(limit * (2 * random.uniform() - 1)));
const PIXELS = Int16Array.from(values(WIDTH * HEIGHT, 16_000));
const NOISE = values(WIDTH, 5_000);
const SOURCE = { pixels: PIXELS, noise: NOISE, width: WIDTH, offset: 128 << SHIFT, shift: SHIFT };

/** The samples of a segment, by the formula of `ph_scene_draw`. */
function samplesOf({ length, source, noise, weights }: SceneSegment): number[] {
  const { here, next, below, belowNext } = weights;
  return Array.from({ length }, (_, i) => {
    const at = source + i;
    const sum = PIXELS[at]! * here + PIXELS[at + 1]! * next + PIXELS[at + WIDTH]! * below +
      PIXELS[at + WIDTH + 1]! * belowNext + NOISE[noise + i]! + SOURCE.offset;
    return Math.min(255, Math.max(0, Math.floor(sum / 2 ** SHIFT)));
  });
}

Deno.test("drawSegments() weights four pixels, adds the noise and limits the samples", () => {
  const cases = [
    { here: 10, next: 0, below: 0, belowNext: 0 },
    { here: 6, next: 0, below: 4, belowNext: 0 },
    { here: 6, next: 4, below: 0, belowNext: 0 },
    { here: 1, next: 2, below: 3, belowNext: 4 },
    { here: 400, next: 0, below: 0, belowNext: 0 },
  ];
  for (const weights of cases) {
    for (const length of [1, 7, 16, 37]) {
      const segment = { out: 3, length, source: WIDTH + 1, noise: 2, weights };
      const segments = new SceneSegments();
      segments.push(segment);
      const out = new Uint8Array(WIDTH);
      drawSegments(SOURCE, segments, out);
      assert.deepEqual([...out.subarray(0, 3)], [0, 0, 0]);
      assert.deepEqual([...out.subarray(3, 3 + length)], samplesOf(segment));
      assert.ok(out.subarray(3 + length).every((sample) => sample === 0));
    }
  }
});

Deno.test("SceneSegments keeps any number of segments, and none without length", () => {
  const segments = new SceneSegments();
  const weights = { here: 1 << SHIFT, next: 0, below: 0, belowNext: 0 };
  segments.push({ out: 0, length: 0, source: 0, noise: 0, weights });
  segments.push({ out: 0, length: -3, source: 0, noise: 0, weights });
  assert.equal(segments.count, 0);
  for (let out = 0; out < 1000; out++) {
    segments.push({ out, length: 1, source: out % WIDTH, noise: 0, weights });
  }
  assert.equal(segments.count, 1000);
  const out = new Uint8Array(1000);
  drawSegments({ ...SOURCE, pixels: PIXELS.map((_, i) => i), offset: 0 }, segments, out);
  const noise = NOISE[0]! / 2 ** SHIFT;
  assert.deepEqual([...out], Array.from(out, (_, k) => Math.max(0, Math.floor(k % WIDTH + noise))));
  segments.clear();
  assert.equal(segments.count, 0);
});

Deno.test("applyPulse() changes the pixels of the ranges in proportion to the skin", () => {
  const base = Int16Array.from({ length: 20 }, (_, i) => 100 * i);
  const skin = Int16Array.from({ length: 20 }, (_, i) => 64 * (i - 10));
  const pixels = new Int16Array(20).fill(7);
  const ranges = Int32Array.of(2, 5, 9, 18);
  applyPulse({ base, skin, ranges }, { pulse: -3, shift: 6 }, pixels);
  const inside = (i: number) => (i >= 2 && i < 5) || (i >= 9 && i < 18);
  assert.deepEqual([...pixels], [...base].map((value, i) => inside(i) ? value - 3 * (i - 10) : 7));
});
