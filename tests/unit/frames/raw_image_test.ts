import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { copyImage, packImage, rawFormatOf } from "../../../src/frames/raw_image.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { grey, paint } from "../../support/yuv.ts";

Deno.test("packImage() returns the same bytes with and without row padding", () => {
  const [plain, padded] = [0, 13].map((padding) => gradientImage(33, 21, { padding }));
  const format = rawFormatOf(plain!);
  assert.deepEqual(rawFormatOf(padded!), format);
  assert.deepEqual(format.bytes, 33 * 21 + 2 * 17 * 11);
  const [a, b] = [new Uint8Array(format.bytes), new Uint8Array(format.bytes)];
  packImage(plain!, a);
  packImage(padded!, b);
  assert.deepEqual(a, b);
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
    [0, 0, 15, "444"],
    [1, 0, 9, "422"],
    [0, 1, 10, "440"],
    [1, 1, 6, "420"],
  ] as const
) {
  Deno.test(`packImage() writes the planes of a 4:${sampling[1]}:${sampling[2]} image one after the other`, () => {
    for (const padding of [0, 2]) {
      const image = numbered({ chromaShiftX, chromaShiftY, padding });
      const { bytes, pixelFormat } = rawFormatOf(image);
      assert.deepEqual([bytes, pixelFormat], [15 + 2 * count, `yuvj${sampling}p`]);
      const target = new Uint8Array(bytes + 1);
      packImage(image, target);
      assert.deepEqual([...target], [...from(0, 15), ...from(100, count), ...from(200, count), 0]);
    }
  });
}

Deno.test("packImage() writes the luma of a gray image", () => {
  const image = grey(numbered({ chromaShiftX: 1, chromaShiftY: 1, padding: 2 }));
  const format = rawFormatOf(image);
  assert.deepEqual([format.bytes, format.pixelFormat], [15, "gray"]);
  const target = new Uint8Array(16);
  packImage(image, target);
  assert.deepEqual([...target], [...from(0, 15), 0]);
});

Deno.test("rawFormatOf() has the size, the range and the matrix of the image", () => {
  const formatOf = (range: "full" | "limited", matrix: "bt601" | "bt709") =>
    rawFormatOf(paint({ width: 6, height: 4, color: { range, matrix } }, () => [0, 0, 0]));
  assert.deepEqual(formatOf("full", "bt601"), {
    width: 6,
    height: 4,
    pixelFormat: "yuvj420p",
    matrix: "bt601",
    bytes: 36,
  });
  assert.equal(formatOf("limited", "bt709").pixelFormat, "yuv420p");
  assert.equal(formatOf("limited", "bt709").matrix, "bt709");
  // A gray image has no matrix.
  const gray = grey(
    paint({ width: 6, height: 4, color: { range: "full", matrix: "bt709" } }, () => [0, 0, 0]),
  );
  assert.equal(rawFormatOf(gray).matrix, "bt601");
});

Deno.test("copyImage() has the planes of the image without padding, in memory of their own", () => {
  for (
    const [chromaShiftX, chromaShiftY, count, uvStride] of [
      [0, 0, 15, 5],
      [1, 0, 9, 3],
      [0, 1, 10, 5],
      [1, 1, 6, 3],
    ] as const
  ) {
    for (const padding of [0, 2]) {
      const image = numbered({ chromaShiftX, chromaShiftY, padding });
      const copy = copyImage(image);
      assert.deepEqual(copy, {
        ...image,
        y: Uint8Array.from(from(0, 15)),
        u: Uint8Array.from(from(100, count)),
        v: Uint8Array.from(from(200, count)),
        yStride: 5,
        uvStride,
      });
      copy.y.fill(9);
      copy.u!.fill(9);
      assert.deepEqual([image.y[1], image.u![1], copy.v![0]], [1, 101, 200]);
    }
  }
});

Deno.test("copyImage() of a gray image has no chroma", () => {
  const copy = copyImage(grey(numbered({ chromaShiftX: 1, chromaShiftY: 1, padding: 2 })));
  assert.deepEqual([...copy.y], from(0, 15));
  assert.deepEqual([copy.u, copy.v], [undefined, undefined]);
});
