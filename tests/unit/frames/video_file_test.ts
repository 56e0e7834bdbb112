import assert from "node:assert/strict";
import { UnavailableError } from "../../../src/base/errors.ts";
import { VideoFile } from "../../../src/frames/video_file.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { gradientImage } from "../../support/gradient_image.ts";

const GRADIENT = gradientImage(64, 48);
/** A texture of 61 gray levels. */
const IMAGE = { ...GRADIENT, y: GRADIENT.y.map((value, k) => value + (k * 7919) % 61) };

/** Bytes of each frame in an AVI file: of the chunks "00dc" in its list "movi". */
function framesIn(path: string): number[] {
  const bytes = Deno.readFileSync(path);
  const text = new TextDecoder("latin1").decode(bytes);
  const view = new DataView(bytes.buffer);
  const sizes: number[] = [];
  const end = text.indexOf("idx1");
  for (let at = text.indexOf("00dc", text.indexOf("movi")); at >= 0 && at < end;) {
    const size = view.getUint32(at + 4, true);
    sizes.push(size);
    at = text.indexOf("00dc", at + 8 + size);
  }
  return sizes;
}

Deno.test("VideoFile writes each image, and keeps the gap of a lost frame", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/video.avi`;
  {
    await using file = await VideoFile.create(path, { template: IMAGE, fps: 10 });
    for (const ptsUs of [0, 100_000, 300_000]) await file.write(IMAGE, { ptsUs });
    await file.finish();
  }
  const sizes = framesIn(path);
  // The third period has no frame.
  assert.deepEqual(sizes.map((size) => size > 0), [true, true, false, true]);
  // Fine quantizers keep over three bits of each pixel of the texture.
  assert.ok(8 * sizes[0]! > 3 * 64 * 48 && sizes[0] === sizes[1], `${sizes}`);
});

Deno.test("VideoFile writes grayscale images", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/video.avi`;
  const { u: _u, v: _v, ...grayscale } = IMAGE;
  {
    await using file = await VideoFile.create(path, { template: grayscale, fps: 10 });
    await file.write(grayscale, { ptsUs: 0 });
    await file.write(grayscale, { ptsUs: 100_000 });
    await file.finish();
  }
  const sizes = framesIn(path);
  assert.equal(sizes.length, 2);
  assert.ok(8 * sizes[0]! > 3 * 64 * 48 && sizes[0] === sizes[1], `${sizes}`);
});

Deno.test("VideoFile reports why ffmpeg cannot write the file", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/missing/video.avi`;
  await using file = await VideoFile.create(path, { template: IMAGE, fps: 10 });
  const isReason = (error: Error) =>
    error instanceof UnavailableError &&
    error.message.startsWith(`Cannot write the video ${path}: `) &&
    error.message.includes("No such file");
  await assert.rejects(async () => {
    while (true) await file.write(IMAGE, { ptsUs: 0 });
  }, isReason);
});
