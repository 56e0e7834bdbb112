import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { JpegEncoder } from "../../../src/frames/jpeg_encoder.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { paint } from "../../support/yuv.ts";

/** Width and height of a JPEG, from its frame header (ITU-T T.81, B.2.2). */
function sizeOf(jpeg: Uint8Array): [width: number, height: number] {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset);
  assert.equal(view.getUint16(0), 0xffd8, "no JPEG");
  let at = 2;
  while (view.getUint16(at) !== 0xffc0) at += 2 + view.getUint16(at + 2);
  return [view.getUint16(at + 7), view.getUint16(at + 5)];
}

const SMALL = gradientImage(64, 48);

Deno.test("JpegEncoder encodes images of any size and subsampling", async () => {
  await using encoder = new JpegEncoder();
  assert.deepEqual(sizeOf((await encoder.encode(SMALL))!), [64, 48]);
  assert.deepEqual(sizeOf((await encoder.encode(gradientImage(33, 21, { padding: 3 })))!), [
    33,
    21,
  ]);
  for (const chromaShiftX of [0, 1] as const) {
    for (const chromaShiftY of [0, 1] as const) {
      const image = paint({ width: 7, height: 5, chromaShiftX, chromaShiftY }, () => [9, 9, 9]);
      assert.deepEqual(sizeOf((await encoder.encode(image))!), [7, 5]);
    }
  }
});

Deno.test("JpegEncoder compresses less at a higher quality, of 80 by default", async () => {
  const noisy: Image = { ...SMALL, y: SMALL.y.map((value, k) => value + (k * 7919) % 61) };
  const bytesAt = async (options?: { quality: number }) => {
    await using encoder = new JpegEncoder(options);
    return (await encoder.encode(noisy))!.length;
  };
  const bytes = await bytesAt();
  assert.equal(bytes, await bytesAt({ quality: 80 }));
  assert.ok(await bytesAt({ quality: 60 }) < bytes);
});

Deno.test("JpegEncoder has two images in flight and twelve that wait, the oldest of which a newer one replaces", async () => {
  await using encoder = new JpegEncoder();
  const jpegs = await Promise.all(Array.from({ length: 17 }, () => encoder.encode(SMALL)));
  const lost = jpegs.flatMap((jpeg, k) => jpeg === undefined ? [k] : []);
  assert.deepEqual(lost, [2, 3, 4]);
  // An image is copied: those in flight do not share memory.
  const images = [10, 90, 170].map((level) => ({ ...SMALL, y: SMALL.y.map(() => level) }));
  const separate = await Promise.all(images.map((image) => encoder.encode(image)));
  const alone: Uint8Array[] = [];
  for (const image of images) alone.push((await encoder.encode(image))!);
  assert.deepEqual(separate, alone);
});

Deno.test("JpegEncoder copies an image before encode() returns", async () => {
  await using encoder = new JpegEncoder();
  const expected = await encoder.encode(SMALL);
  const image = { ...SMALL, y: SMALL.y.slice() };
  const encoded = encoder.encode(image);
  image.y.fill(0);
  assert.deepEqual(await encoded, expected);
});

Deno.test("JpegEncoder keeps up to 16 MiB of images that wait, and at least one", async () => {
  for (
    const { width, height, waiting } of [
      { width: 2048, height: 1024, waiting: 5 },
      { width: 4096, height: 3000, waiting: 1 },
    ]
  ) {
    await using encoder = new JpegEncoder();
    const image = gradientImage(width, height);
    const jpegs = await Promise.all(
      Array.from({ length: 2 + 2 + waiting }, () => encoder.encode(image)),
    );
    const lost = jpegs.flatMap((jpeg, k) => jpeg === undefined ? [k] : []);
    assert.deepEqual(lost, [2, 3]);
  }
});

Deno.test("JpegEncoder.encode() rejects an image without pixels, and encodes the next", async () => {
  await using encoder = new JpegEncoder();
  await assert.rejects(encoder.encode({ ...SMALL, width: 0 }), /^NativeError: .*0x48 pixels$/);
  assert.deepEqual(sizeOf((await encoder.encode(SMALL))!), [64, 48]);
});

Deno.test("JpegEncoder resolves images that wait with undefined when it is disposed, and rejects others", async () => {
  const encoder = new JpegEncoder();
  const jpegs = [SMALL, SMALL, SMALL].map((image) => encoder.encode(image));
  await encoder[Symbol.asyncDispose]();
  const [first, second, third] = await Promise.all(jpegs);
  assert.ok(first && second);
  assert.equal(third, undefined);
  await assert.rejects(encoder.encode(SMALL), /^Error: The encoder is closed$/);
});
