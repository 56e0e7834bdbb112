import assert from "node:assert/strict";
import fc from "fast-check";
import {
  alignedSize,
  layoutOf,
  maxFrameBytes,
  minFrameBytes,
} from "../../../../src/capture/libcamera/raw_layout.ts";

Deno.test("alignedSize() rounds the width to whole alignments, and the height to whole chroma rows", () => {
  const cases = [
    [[640, 480], [640, 480]],
    [[800, 600], [832, 600]],
    [[1000, 563], [1024, 562]],
    [[64, 64], [64, 64]],
    [[1, 1], [64, 2]],
  ] as const;
  for (const [[width, height], [toWidth, toHeight]] of cases) {
    assert.deepEqual(alignedSize({ width, height }), { width: toWidth, height: toHeight });
  }
});

Deno.test("layoutOf() derives the stride from the size of a frame, with padding of rows and pages", () => {
  const size = { width: 800, height: 600 };
  const strideOf = (frameBytes: number) => layoutOf(frameBytes, size)?.stride;
  assert.equal(strideOf(800 * 900), 800);
  assert.equal(strideOf(832 * 900), 832);
  assert.equal(strideOf(832 * 900 + 64), 832);
  assert.equal(strideOf(1056 * 900), 1056);
  for (const wrong of [800 * 900 - 1, 1058 * 900, 1600 * 900, 0]) {
    assert.equal(strideOf(wrong), undefined, `${wrong}`);
  }
  assert.equal(layoutOf(64 * 4.5, { width: 64, height: 3 }), undefined);
});

Deno.test("layoutOf() finds each stride that an image processor may use, within the limits of a frame", () => {
  fc.assert(fc.property(
    fc.integer({ min: 32, max: 2_000 }),
    fc.integer({ min: 32, max: 1_000 }),
    fc.constantFrom(32, 64, 128),
    fc.boolean(),
    (halfWidth, halfHeight, alignment, toPages) => {
      const size = { width: 2 * halfWidth, height: 2 * halfHeight };
      const stride = Math.ceil(size.width / alignment) * alignment;
      const bytes = stride * size.height * 3 / 2;
      const frameBytes = toPages ? Math.ceil(bytes / 4096) * 4096 : bytes;
      fc.pre(frameBytes - bytes < 48 * size.height); // more padding than a step of the stride
      const layout = layoutOf(frameBytes, size);
      assert.ok(layout && layout.stride >= size.width);
      if (!toPages) assert.equal(layout.stride, stride);
      assert.ok(frameBytes >= minFrameBytes(size) && frameBytes <= maxFrameBytes(size));
    },
  ));
});
