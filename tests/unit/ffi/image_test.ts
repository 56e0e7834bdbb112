import assert from "node:assert/strict";
import { pixelBytes, PixelPool, readImage, readText } from "../../../ffi/image.ts";
import { IMAGE } from "../../../ffi/struct_layout.ts";

const FIELDS = {
  width: 7,
  height: 5,
  fullWidth: 14,
  fullHeight: 10,
  yOffset: 3,
  uOffset: 100,
  vOffset: 150,
  yStride: 8,
  uvStride: 6,
  chromaShiftX: 1,
  chromaShiftY: 1,
  fullRange: 1,
  bt709: 0,
  bytes: 200,
};

/** A `struct ph_image` with some fields replaced. */
function struct(parts: Partial<typeof FIELDS> = {}): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(IMAGE.bytes));
  for (const [name, value] of Object.entries({ ...FIELDS, ...parts })) {
    view.setInt32(IMAGE.offsets[name as keyof typeof FIELDS], value, true);
  }
  return view;
}

Deno.test("readImage() returns views of the planes, with half the rows of chroma rounded up", () => {
  const block = Uint8Array.from({ length: 200 }, (_, i) => i).buffer;
  const { y, u, v, ...rest } = readImage(struct(), block);
  assert.deepEqual(rest, {
    width: 7,
    height: 5,
    yStride: 8,
    uvStride: 6,
    chromaShiftX: 1,
    chromaShiftY: 1,
    color: { range: "full", matrix: "bt601" },
    fullWidth: 14,
    fullHeight: 10,
  });
  assert.deepEqual([y[0], y.length], [3, 40]);
  assert.deepEqual([u?.[0], u?.length], [100, 18]);
  assert.deepEqual([v?.[0], v?.length], [150, 18]);
  assert.equal(y.buffer, block);
});

Deno.test("readImage() returns all rows of chroma that is not subsampled", () => {
  const { u, v, chromaShiftX, chromaShiftY } = readImage(
    struct({ chromaShiftX: 0, chromaShiftY: 0 }),
    new ArrayBuffer(200),
  );
  assert.deepEqual([u?.length, v?.length, chromaShiftX, chromaShiftY], [30, 30, 0, 0]);
});

Deno.test("readImage() returns no chroma for grayscale, but chroma at the start of the block", () => {
  const gray = readImage(struct({ uOffset: -1, vOffset: -1 }), new ArrayBuffer(200));
  assert.equal("u" in gray || "v" in gray, false);
  assert.equal(readImage(struct({ uOffset: 0 }), new ArrayBuffer(200)).u?.byteOffset, 0);
});

Deno.test("readImage() returns range and matrix", () => {
  const { color } = readImage(struct({ fullRange: 0, bt709: 1 }), new ArrayBuffer(200));
  assert.deepEqual(color, { range: "limited", matrix: "bt709" });
});

Deno.test("pixelBytes() returns the capacity that the image needs", () => {
  assert.equal(pixelBytes(struct()), 200);
});

Deno.test("PixelPool.acquire() returns the first free block that is large enough", () => {
  const pool = new PixelPool();
  const [small, large] = [new ArrayBuffer(10), new ArrayBuffer(30)];
  pool.release(small);
  pool.release(large);
  assert.equal(pool.acquire(20), large);
  assert.equal(pool.acquire(10), small);
  assert.equal(pool.acquire(11).byteLength, 11);
  assert.equal(pool.acquire(10).byteLength, 10);
});

Deno.test("PixelPool keeps 8 free blocks, or another number, and drops the oldest", () => {
  for (const [pool, max] of [[new PixelPool(), 8], [new PixelPool(2), 2]] as const) {
    const blocks = Array.from({ length: max + 1 }, () => new ArrayBuffer(5));
    for (const block of blocks) pool.release(block);
    const again = Array.from({ length: max + 1 }, () => pool.acquire(5));
    assert.deepEqual(again.map((block) => blocks.indexOf(block)), [
      ...Array.from({ length: max }, (_, i) => i + 1),
      -1,
    ]);
  }
});

Deno.test("readText() ends at the zero byte or at the end", () => {
  const bytes = new TextEncoder().encode("abc\0défg");
  assert.equal(readText(bytes), "abc");
  assert.equal(readText(bytes, 1), "bc");
  assert.equal(readText(bytes, 3), "");
  assert.equal(readText(bytes, 4), "défg");
});
