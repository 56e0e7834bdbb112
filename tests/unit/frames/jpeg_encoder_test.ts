import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { JpegEncoder } from "../../../src/frames/jpeg_encoder.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { waitFor } from "../../support/wait.ts";

/** Width and height of a JPEG, from its frame header (ITU-T T.81, B.2.2). */
function sizeOf(jpeg: Uint8Array): [width: number, height: number] {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset);
  assert.equal(view.getUint16(0), 0xffd8, "no JPEG");
  let at = 2;
  while (view.getUint16(at) !== 0xffc0) at += 2 + view.getUint16(at + 2);
  return [view.getUint16(at + 7), view.getUint16(at + 5)];
}

const SMALL = gradientImage(64, 48);

Deno.test("JpegEncoder encodes one image after the other with one process", async () => {
  await using encoder = new JpegEncoder();
  assert.equal(encoder.pid, undefined);
  assert.deepEqual(sizeOf((await encoder.encode(SMALL))!), [64, 48]);
  const { pid } = encoder;
  assert.deepEqual(sizeOf((await encoder.encode(SMALL))!), [64, 48]);
  assert.ok(pid !== undefined && encoder.pid === pid);
});

Deno.test("JpegEncoder starts another process for images of another format", async () => {
  await using encoder = new JpegEncoder();
  await encoder.encode(SMALL);
  const { pid } = encoder;
  assert.deepEqual(sizeOf((await encoder.encode(gradientImage(32, 20)))!), [32, 20]);
  assert.notEqual(encoder.pid, pid);
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
  await encoder.encode(SMALL);
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

Deno.test("JpegEncoder keeps up to 16 MiB of images that wait, and at least one", async () => {
  for (
    const { width, height, waiting } of [
      { width: 2048, height: 1024, waiting: 5 },
      { width: 4096, height: 3000, waiting: 1 },
    ]
  ) {
    await using encoder = new JpegEncoder();
    const image = gradientImage(width, height);
    // ffmpeg starts meanwhile, so that none of them is in flight.
    const jpegs = Array.from({ length: waiting + 2 }, () => encoder.encode(image));
    const lost = await Promise.all(jpegs.slice(0, 2));
    assert.deepEqual(lost, [undefined, undefined]);
    assert.ok((await Promise.all(jpegs.slice(2))).every((jpeg) => jpeg !== undefined));
  }
});

Deno.test("JpegEncoder starts again at once after an ffmpeg that worked has ended", async () => {
  await using encoder = new JpegEncoder();
  await encoder.encode(SMALL);
  const { pid } = encoder;
  Deno.kill(pid!, "SIGKILL");
  const jpeg = await waitFor("a JPEG", () => encoder.encode(SMALL).catch(() => undefined));
  assert.deepEqual(sizeOf(jpeg), [64, 48]);
  assert.notEqual(encoder.pid, pid);
});

Deno.test("JpegEncoder waits a second after an ffmpeg that produced no image", async () => {
  await using encoder = new JpegEncoder();
  // ffmpeg cannot encode an image without columns.
  const broken = { ...SMALL, width: 0 };
  await assert.rejects(encoder.encode(broken));
  const { now } = performance;
  const failedMs = now.call(performance);
  try {
    performance.now = () => failedMs + 800;
    await assert.rejects(encoder.encode(SMALL), /produced no image at its last start/);
    performance.now = () => failedMs + 1_200;
    assert.deepEqual(sizeOf((await encoder.encode(SMALL))!), [64, 48]);
  } finally {
    performance.now = now;
  }
});

Deno.test("JpegEncoder resolves images that wait with undefined when it is disposed, and rejects others", async () => {
  const encoder = new JpegEncoder();
  const first = encoder.encode(SMALL);
  await encoder[Symbol.asyncDispose]();
  assert.equal(await first, undefined);
  assert.equal(encoder.pid, undefined);
  await assert.rejects(encoder.encode(SMALL), /^Error: The encoder is closed$/);
});
