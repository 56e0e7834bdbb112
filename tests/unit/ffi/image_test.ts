import assert from "node:assert/strict";
import {
  packedBytes,
  packImage,
  pixelBytes,
  PixelPool,
  readImage,
  readText,
} from "../../../ffi/image.ts";
import { IMAGE } from "../../../ffi/struct_layout.ts";
import type { Image } from "../../../src/capture/frame.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { grey, paint } from "../../support/yuv.ts";

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

Deno.test("packImage() returns the same bytes with and without row padding", () => {
  const [plain, padded] = [0, 13].map((padding) => gradientImage(33, 21, { padding }));
  const bytes = packedBytes(plain!);
  assert.equal(packedBytes(padded!), bytes);
  assert.equal(bytes, 33 * 21 + 2 * 17 * 11);
  const pack = (image: Image) => packImage(image, new Uint8Array(bytes));
  assert.deepEqual(pack(plain!), pack(padded!));
});

/** An image of 5 by 3 pixels, each sample of which is its number; the planes begin at 0, 100 and 200. */
function numbered({ chromaShiftX, chromaShiftY, padding }: {
  chromaShiftX: 0 | 1;
  chromaShiftY: 0 | 1;
  padding: number;
}): Image {
  const image = paint({ width: 5, height: 3, chromaShiftX, chromaShiftY }, () => [0, 0, 0]);
  const uv = [chromaShiftX ? 3 : 5, chromaShiftY ? 2 : 3] as const;
  const plane = ([width, height]: readonly [number, number], first: number) => {
    const bytes = new Uint8Array((width + padding) * height + padding).fill(255);
    for (let k = 0; k < width * height; k++) {
      bytes[Math.floor(k / width) * (width + padding) + k % width] = first + k;
    }
    return bytes;
  };
  return {
    ...image,
    y: plane([5, 3], 0),
    u: plane(uv, 100),
    v: plane(uv, 200),
    yStride: 5 + padding,
    uvStride: uv[0] + padding,
  };
}

const from = (first: number, count: number) => Array.from({ length: count }, (_, k) => first + k);

for (
  const [chromaShiftX, chromaShiftY, count, sampling] of [
    [0, 0, 15, "4:4:4"],
    [1, 0, 9, "4:2:2"],
    [0, 1, 10, "4:4:0"],
    [1, 1, 6, "4:2:0"],
  ] as const
) {
  Deno.test(`packImage() writes the planes of a ${sampling} image one after the other`, () => {
    for (const padding of [0, 2]) {
      const image = numbered({ chromaShiftX, chromaShiftY, padding });
      const bytes = packedBytes(image);
      assert.equal(bytes, 15 + 2 * count);
      const { pixels, layout } = packImage(image, new Uint8Array(bytes));
      assert.deepEqual([...pixels], [...from(0, 15), ...from(100, count), ...from(200, count)]);
      const { y, u, v, color } = readImage(new DataView(layout.buffer), pixels.buffer);
      assert.deepEqual([y[14], u![0], v![0], color], [14, 100, 200, image.color]);
    }
  });
}

Deno.test("packImage() writes the luma of a gray image", () => {
  const image = grey(numbered({ chromaShiftX: 1, chromaShiftY: 1, padding: 2 }));
  assert.equal(packedBytes(image), 15);
  const { pixels, layout } = packImage(image, new Uint8Array(15));
  assert.deepEqual([...pixels], from(0, 15));
  assert.equal(readImage(new DataView(layout.buffer), pixels.buffer).u, undefined);
});
