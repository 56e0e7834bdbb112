import assert from "node:assert/strict";
import { JpegDecoder } from "../../../ffi/jpeg.ts";
import type { Image } from "../../../src/capture/frame.ts";
import { FaceDetector } from "../../../src/vision/detector.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ProgramUnderTest } from "../../support/physiology_server.ts";

/** Writes a video of a simulated scene. */
async function writeScene(scene: string, path: string): Promise<void> {
  await using simulation = new ProgramUnderTest([
    ...["simulate", `--simulate_scene=${scene}`, "--simulate_noise=0", "--duration=6"],
    ...["--max_fps=3", `--output=${path}`],
  ]);
  const { code, stderr } = await simulation.ended;
  assert.equal(code, 0, stderr);
}

/** Publishes the frames of a video as files; returns their JPEGs, oldest first. */
async function publishedFrames(path: string, ...args: string[]): Promise<Jpeg[]> {
  using folder = temporaryFolder();
  await using server = new ProgramUnderTest([
    ...[`--input_video_path=${path}`, "--frame_publish=always"],
    ...["--streaming_backend=file", `--file_base_directory=${folder.path}/out`],
    ...["--file_max_frame_count=1000", "--max_frame_age_ms=60000", ...args],
  ]);
  const { code, stderr } = await server.ended;
  assert.equal(code, 0, stderr);
  return [...Deno.readDirSync(`${folder.path}/out`)].map(({ name }) => name)
    .filter((name) => /^frame_\d+\.jpg$/.test(name)).sort()
    .map((name) => Deno.readFileSync(`${folder.path}/out/${name}`));
}

type Jpeg = Uint8Array<ArrayBuffer>;

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Mean absolute difference of horizontal and vertical neighbours in an area, as fractions. */
function detailIn({ y, yStride, width, height }: Image, area: Area): number {
  let sum = 0;
  let count = 0;
  for (let row = Math.ceil(area.y * height); row < (area.y + area.height) * height - 1; row++) {
    for (let at = Math.ceil(area.x * width); at < (area.x + area.width) * width - 1; at++) {
      const here = y[row * yStride + at]!;
      sum += Math.abs(here - y[row * yStride + at + 1]!) +
        Math.abs(here - y[(row + 1) * yStride + at]!);
      count++;
    }
  }
  return sum / count;
}

/** Mean absolute difference of two images in an area. */
function differenceIn(a: Image, b: Image, area: Area): number {
  let sum = 0;
  let count = 0;
  for (let row = Math.ceil(area.y * a.height); row < (area.y + area.height) * a.height; row++) {
    for (let at = Math.ceil(area.x * a.width); at < (area.x + area.width) * a.width; at++) {
      sum += Math.abs(a.y[row * a.yStride + at]! - b.y[row * b.yStride + at]!);
      count++;
    }
  }
  return sum / count;
}

for (const [scene, faceCount] of [["person", 1], ["two_faces", 2]] as const) {
  Deno.test(`serve --blur_faces publishes no face of the scene ${scene}, from the first frame on`, async () => {
    using decoder = new JpegDecoder();
    using detector = await FaceDetector.open();
    using folder = temporaryFolder();
    const path = `${folder.path}/scene.avi`;
    await writeScene(scene, path);
    const clear = await publishedFrames(path);
    const blurred = await publishedFrames(path, "--blur_faces");
    assert(clear.length > 2 && blurred.length > 2, `${clear.length} and ${blurred.length}`);
    using reference = await decoder.decode(clear[0]!);
    const faces = await detector.detect(reference);
    assert.equal(faces.length, faceCount);
    const corner = { x: 0, y: 0, width: 0.12, height: 0.2 };
    for (const jpeg of blurred) {
      using image = await decoder.decode(jpeg);
      assert.deepEqual(await detector.detect(image, { threshold: 0.3 }), []);
      for (const { box } of faces) {
        assert(detailIn(image, box) < 0.35 * detailIn(reference, box), `${detailIn(image, box)}`);
      }
      // Compressed twice, so not equal.
      const difference = differenceIn(image, reference, corner);
      assert(difference < 4, `background differs by ${difference}`);
    }
  });
}
