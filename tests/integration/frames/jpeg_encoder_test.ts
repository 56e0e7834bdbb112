import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { JpegEncoder } from "../../../src/frames/jpeg_encoder.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { PYTHON } from "../../support/program.ts";
import { childProcesses } from "../../support/source_suite.ts";
import { waitFor } from "../../support/wait.ts";

/** What OpenCV sees in a JPEG: its shape, and the mean blue, green and red. */
async function decodeByOpenCv(jpeg: Uint8Array): Promise<{ shape: number[]; bgr: number[] }> {
  using folder = new TemporaryFolder();
  const path = folder.file("picture.jpg");
  await Deno.writeFile(path, jpeg);
  const code = `import cv2, json, sys
image = cv2.imread(sys.argv[1])
print(json.dumps({"shape": image.shape, "bgr": list(image.mean(axis=(0, 1)))}))`;
  const { stdout } = await new Deno.Command(PYTHON, { args: ["-c", code, path] }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The mean blue, green and red that a picture's means stand for, by BT.601 or BT.709. */
function expectedBgr({ width, height, y, u, v, yStride, uvStride, color }: Image): number[] {
  const mean = (plane: Uint8Array, [columns, rows, stride]: [number, number, number]) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      for (let x = 0; x < columns; x++) sum += plane[row * stride + x]!;
    }
    return sum / (columns * rows);
  };
  const uv: [number, number, number] = [(width + 1) >> 1, (height + 1) >> 1, uvStride];
  const full = color.range === "full";
  const luma = (mean(y, [width, height, yStride]) - (full ? 0 : 16)) * (full ? 1 : 255 / 219);
  const [cb, cr] = [u!, v!].map((plane) => (mean(plane, uv) - 128) * (full ? 1 : 255 / 224));
  const [kr, kb] = color.matrix === "bt709" ? [0.2126, 0.0722] : [0.299, 0.114];
  const red = luma + 2 * (1 - kr!) * cr!, blue = luma + 2 * (1 - kb!) * cb!;
  return [blue, (luma - kr! * red - kb! * blue) / (1 - kr! - kb!), red];
}

for (const range of ["full", "limited"] as const) {
  for (const matrix of ["bt601", "bt709"] as const) {
    Deno.test(`a ${range} ${matrix} picture has the right colours as a JPEG`, async () => {
      await using encoder = new JpegEncoder({ quality: 90 });
      const picture = gradientImage(322, 242, { color: { range, matrix }, padding: 14 });
      const jpeg = await encoder.encode(picture);
      const { shape, bgr } = await decodeByOpenCv(jpeg!);
      assert.deepEqual(shape, [242, 322, 3]);
      for (const [i, value] of expectedBgr(picture).entries()) {
        assert.ok(Math.abs(value - bgr[i]!) < 2, `channel ${i}: ${value} became ${bgr[i]}`);
      }
    });
  }
}

Deno.test("a grey picture becomes a JPEG", async () => {
  await using encoder = new JpegEncoder();
  const { u: _u, v: _v, ...grey } = gradientImage(64, 48);
  const { bgr } = await decodeByOpenCv((await encoder.encode(grey))!);
  for (const value of bgr) assert.ok(Math.abs(value - 119) < 2, `${value}`);
});

Deno.test("a higher quality makes a larger JPEG", async () => {
  const picture = gradientImage(320, 240);
  for (const [i, value] of picture.y.entries()) picture.y[i] = value + ((i * 7919) % 61);
  const sizes: number[] = [];
  for (const quality of [10, 40, 80, 95]) {
    await using encoder = new JpegEncoder({ quality });
    sizes.push((await encoder.encode(picture))!.length);
  }
  assert.deepEqual(sizes.toSorted((a, b) => a - b), sizes);
  assert.equal(new Set(sizes).size, sizes.length, `${sizes}`);
});

Deno.test("an encoder whose ffmpeg is killed goes on with another", async () => {
  await using encoder = new JpegEncoder();
  const picture = gradientImage(64, 48);
  await encoder.encode(picture);
  const first = encoder.pid!;
  Deno.kill(first, "SIGKILL");
  const jpeg = await waitFor(
    "a JPEG after the kill",
    () => encoder.encode(picture).catch(() => undefined),
  );
  assert.equal(jpeg[0], 0xff);
  assert.notEqual(encoder.pid, first);
});

Deno.test("a picture of another size follows without loss", async () => {
  await using encoder = new JpegEncoder();
  for (const [width, height] of [[64, 48], [100, 80], [64, 48]] as const) {
    const { shape } = await decodeByOpenCv(
      (await encoder.encode(gradientImage(width, height)))!,
    );
    assert.deepEqual(shape, [height, width, 3]);
  }
});

Deno.test("pictures that come too fast are given up for newer ones, and the last is not", async () => {
  await using encoder = new JpegEncoder();
  const picture = gradientImage(320, 240);
  const jpegs = await Promise.all(Array.from({ length: 20 }, () => encoder.encode(picture)));
  assert.ok(jpegs.at(-1));
  assert.ok(jpegs.some((jpeg) => jpeg === undefined));
});

Deno.test("a closed encoder leaves no child and refuses pictures", async () => {
  const before = childProcesses();
  const encoder = new JpegEncoder();
  await encoder.encode(gradientImage(64, 48));
  const last = encoder.encode(gradientImage(64, 48));
  await encoder[Symbol.asyncDispose]();
  await last; // with or without a JPEG, it is told
  assert.deepEqual(childProcesses(), before);
  await assert.rejects(encoder.encode(gradientImage(64, 48)), /closed/);
});
