import assert from "node:assert/strict";
import { packedBytes, packImage } from "../../../ffi/image.ts";
import { JpegDecoder } from "../../../ffi/jpeg.ts";
import { JpegCompressor } from "../../../ffi/jpeg_compress.ts";
import { PixmapConverter } from "../../../ffi/jpeg_rgb.ts";
import { JpegShrinker } from "../../../ffi/jpeg_shrink.ts";
import { NativeError } from "../../../ffi/library.ts";
import { assetPath } from "../../../src/base/assets.ts";
import { Random } from "../../../src/capture/simulator/random.ts";
import { assertNonblocking } from "../../support/event_loop.ts";
import { gradientImage } from "../../support/gradient_image.ts";

/** A JPEG of 512 by 600 pixels. */
const PORTRAIT = Deno.readFileSync(assetPath("portrait"));
const HALF = PORTRAIT.slice(0, PORTRAIT.length / 2);
const isDamaged = (error: unknown) =>
  error instanceof NativeError && error.status === "format" && /^Cannot /.test(error.message);

const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("JpegDecoder.decode() scales down to the minimum width, unscaled by default", async () => {
  using decoder = new JpegDecoder();
  const sizes: number[][] = [];
  for (
    const options of [undefined, { minWidth: 257 }, { minWidth: 256 }, { minWidth: 100 }, {
      minWidth: 64,
    }]
  ) {
    using image = await decoder.decode(PORTRAIT, options);
    sizes.push([image.width, image.height]);
    assert.deepEqual([image.fullWidth, image.fullHeight], [512, 600]);
    assert.ok(image.y.length >= image.yStride * (image.height - 1) + image.width);
  }
  assert.deepEqual(sizes, [[512, 600], [512, 600], [256, 300], [128, 150], [64, 75]]);
});

Deno.test("JpegDecoder.decode() reuses the memory of a disposed image once", async () => {
  using decoder = new JpegDecoder();
  const first = await decoder.decode(PORTRAIT, { minWidth: 100 });
  using second = await decoder.decode(PORTRAIT, { minWidth: 100 });
  assert.notEqual(second.y.buffer, first.y.buffer);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using third = await decoder.decode(PORTRAIT, { minWidth: 100 });
  using fourth = await decoder.decode(PORTRAIT, { minWidth: 100 });
  assert.equal(third.y.buffer, first.y.buffer);
  assert.notEqual(fourth.y.buffer, first.y.buffer);
});

Deno.test("JpegDecoder takes memory for 640 by 480 pixels first, and then for its largest image", async () => {
  using decoder = new JpegDecoder();
  using small = await decoder.decode(PORTRAIT, { minWidth: 64 });
  assert.equal(small.y.buffer.byteLength, 640 * 480 * 2);
  const { width, height, data } = await bigJpeg();
  using big = await decoder.decode(data);
  assert.deepEqual([big.width, big.height], [width, height]);
  const { byteLength } = big.y.buffer;
  assert.ok(byteLength > 640 * 480 * 2);
  using next = await decoder.decode(PORTRAIT);
  assert.equal(next.y.buffer.byteLength, byteLength);
});

/** The portrait with a larger size in its header; what is missing is an error after the header. */
async function bigJpeg() {
  const { stdout } = await new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "error", "-f", "lavfi", "-i", "color=s=1024x768:d=0.1", "-frames:v", "1"],
      ...["-pix_fmt", "yuvj444p", "-f", "mjpeg", "-"],
    ],
  }).output();
  return { width: 1024, height: 768, data: stdout };
}

Deno.test("JpegDecoder.decode() refuses damaged data, and then works again", async () => {
  using decoder = new JpegDecoder();
  for (let round = 0; round < 10; round++) await assert.rejects(decoder.decode(HALF), isDamaged);
  using image = await decoder.decode(PORTRAIT);
  assert.equal(image.width, 512);
});

Deno.test("JpegDecoder.decode() throws after its disposal, and its images remain valid", async () => {
  const decoder = new JpegDecoder();
  const image = await decoder.decode(PORTRAIT);
  decoder[Symbol.dispose]();
  await assert.rejects(decoder.decode(PORTRAIT), /disposed of/);
  assert.ok(mean(image.y) > 20);
  image[Symbol.dispose]();
});

Deno.test("JPEGs are decoded, converted and shrunk without blocking the event loop", async () => {
  using decoder = new JpegDecoder();
  await assertNonblocking(async () => (await decoder.decode(PORTRAIT))[Symbol.dispose]());
  const converter = new PixmapConverter();
  await assertNonblocking(() => converter.convert(PORTRAIT));
  const image = gradientImage(512, 600);
  const packed = packImage(image, new Uint8Array(packedBytes(image)));
  await assertNonblocking(() => new JpegCompressor().compress(packed, 80));
  const shrinker = new JpegShrinker();
  await assertNonblocking(() => shrinker.shrink(PORTRAIT, { quantizerScale: 4, minWidth: 512 }));
});

Deno.test("PixmapConverter.convert() writes a portable pixmap", async () => {
  const pixmap = await new PixmapConverter().convert(PORTRAIT);
  const header = new TextEncoder().encode("P6\n512 600\n255\n");
  assert.deepEqual(pixmap.subarray(0, header.length), header);
  assert.equal(pixmap.length, header.length + 512 * 600 * 3);
  const rgb = pixmap.subarray(header.length);
  const channel = (index: number) => mean(rgb.filter((_, i) => i % 3 === index));
  using decoder = new JpegDecoder();
  using image = await decoder.decode(PORTRAIT);
  const luma = 0.299 * channel(0) + 0.587 * channel(1) + 0.114 * channel(2);
  assert.ok(Math.abs(luma - mean(image.y.subarray(0, 512 * 600))) < 2, `${luma}`);
});

Deno.test("PixmapConverter.convert() refuses damaged data", async () => {
  await assert.rejects(new PixmapConverter().convert(HALF), isDamaged);
});

Deno.test("JpegShrinker.shrink() makes a JPEG of fewer bytes and states its size and quality", async () => {
  const shrinker = new JpegShrinker();
  const shrunk = await shrinker.shrink(PORTRAIT, { quantizerScale: 4, minWidth: 512 });
  assert.ok(shrunk && shrunk.jpeg.length < PORTRAIT.length / 1.5);
  assert.deepEqual([shrunk.width, shrunk.height], [512, 600]);
  using decoder = new JpegDecoder();
  using image = await decoder.decode(shrunk.jpeg);
  assert.equal(image.width, 512);
  const finer = await shrinker.shrink(PORTRAIT, { quantizerScale: 2, minWidth: 512 });
  assert.ok(finer && finer.quality > shrunk.quality && finer.jpeg.length > shrunk.jpeg.length);
  // The result is a copy: its memory is used for the next one.
  const before = shrunk.jpeg.slice();
  await shrinker.shrink(PORTRAIT, { quantizerScale: 8, minWidth: 512 });
  assert.deepEqual(shrunk.jpeg, before);
});

Deno.test("JpegShrinker.shrink() halves the image instead of a quality below 10, down to its minimum", async () => {
  const widthOf = async (minWidth: number) =>
    (await new JpegShrinker().shrink(PORTRAIT, { quantizerScale: 60, minWidth }))?.width;
  assert.equal(await widthOf(257), 512);
  assert.equal(await widthOf(256), 256);
});

Deno.test("JpegShrinker.shrink() returns undefined if the result would not be smaller", async () => {
  const shrinker = new JpegShrinker();
  assert.equal(await shrinker.shrink(PORTRAIT, { quantizerScale: 0.02, minWidth: 512 }), undefined);
  await assert.rejects(shrinker.shrink(HALF, { quantizerScale: 2, minWidth: 512 }), isDamaged);
});

Deno.test("JpegShrinker.shrink() rounds the scale of the quantizers to percents", async () => {
  const bytesAt = async (quantizerScale: number) =>
    (await new JpegShrinker().shrink(PORTRAIT, { quantizerScale, minWidth: 512 }))?.jpeg.length;
  assert.equal(await bytesAt(3.004), await bytesAt(3));
  assert.notEqual(await bytesAt(3.5), await bytesAt(3));
});

/** The quantizers of a JPEG's first table (DQT, ITU-T T.81, section B.2.4.1). */
function quantizersOf(jpeg: Uint8Array): Uint8Array {
  const marker = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xdb);
  assert.ok(marker > 0);
  return jpeg.subarray(marker + 5, marker + 5 + 64);
}

Deno.test("JpegShrinker.shrink() multiplies the quantizers by the scale", async () => {
  const shrunk = await new JpegShrinker().shrink(PORTRAIT, { quantizerScale: 2, minWidth: 512 });
  const ratio = mean(quantizersOf(shrunk!.jpeg)) / mean(quantizersOf(PORTRAIT));
  assert.ok(Math.abs(ratio - 2) < 0.2, `${ratio}`);
});

Deno.test("JpegCompressor.compress() returns a JPEG that is larger than its pixels", async () => {
  // Noise of the highest quality has no redundancy.
  const noisy = gradientImage(256, 256);
  const random = new Random(1);
  for (const plane of [noisy.y, noisy.u!, noisy.v!]) {
    plane.forEach((_, i) => plane[i] = random.bits() & 255);
  }
  const packed = packImage(noisy, new Uint8Array(packedBytes(noisy)));
  const jpeg = await new JpegCompressor().compress(packed, 100);
  assert.ok(jpeg.length > packed.pixels.length + 4096, `${jpeg.length}`);
  using decoder = new JpegDecoder();
  using image = await decoder.decode(jpeg);
  assert.ok(Math.abs(mean(image.y) - mean(noisy.y)) < 1);
});
