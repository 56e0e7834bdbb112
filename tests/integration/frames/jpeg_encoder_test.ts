import assert from "node:assert/strict";
import type { Image } from "../../../src/capture/frame.ts";
import { JpegEncoder } from "../../../src/frames/jpeg_encoder.ts";
import { TemporaryFolder } from "../../support/clips.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { PYTHON } from "../../support/program.ts";
import { childProcesses } from "../../support/source_suite.ts";
import { waitFor } from "../../support/wait.ts";

/** Decodes a JPEG with OpenCV: its shape, and the mean blue, green and red. */
async function decodeByOpenCv(jpeg: Uint8Array): Promise<{ shape: number[]; bgr: number[] }> {
  using folder = new TemporaryFolder();
  const path = folder.file("image.jpg");
  await Deno.writeFile(path, jpeg);
  const code = `import cv2, json, sys
image = cv2.imread(sys.argv[1])
print(json.dumps({"shape": image.shape, "bgr": list(image.mean(axis=(0, 1)))}))`;
  const { stdout } = await new Deno.Command(PYTHON, { args: ["-c", code, path] }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The mean blue, green and red of an image, by the equations of BT.601 or BT.709. */
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
    Deno.test(`JpegEncoder.encode() keeps the colours of a ${range} range ${matrix} image`, async () => {
      await using encoder = new JpegEncoder({ quality: 90 });
      const image = gradientImage(322, 242, { color: { range, matrix }, padding: 14 });
      const jpeg = await encoder.encode(image);
      const { shape, bgr } = await decodeByOpenCv(jpeg!);
      assert.deepEqual(shape, [242, 322, 3]);
      for (const [i, value] of expectedBgr(image).entries()) {
        assert.ok(Math.abs(value - bgr[i]!) < 2, `channel ${i}: ${value} became ${bgr[i]}`);
      }
    });
  }
}

Deno.test("JpegEncoder.encode() encodes an image without chroma", async () => {
  await using encoder = new JpegEncoder();
  const { u: _u, v: _v, ...grey } = gradientImage(64, 48);
  const { bgr } = await decodeByOpenCv((await encoder.encode(grey))!);
  for (const value of bgr) assert.ok(Math.abs(value - 119) < 2, `${value}`);
});

Deno.test("JpegEncoder.encode() makes larger JPEGs at higher quality", async () => {
  const image = gradientImage(320, 240);
  for (const [i, value] of image.y.entries()) image.y[i] = value + ((i * 7919) % 61);
  const sizes: number[] = [];
  for (const quality of [10, 40, 80, 95]) {
    await using encoder = new JpegEncoder({ quality });
    sizes.push((await encoder.encode(image))!.length);
  }
  assert.deepEqual(sizes.toSorted((a, b) => a - b), sizes);
  assert.equal(new Set(sizes).size, sizes.length, `${sizes}`);
});

Deno.test("JpegEncoder starts another ffmpeg after its ffmpeg was killed", async () => {
  await using encoder = new JpegEncoder();
  const image = gradientImage(64, 48);
  await encoder.encode(image);
  const first = encoder.pid!;
  Deno.kill(first, "SIGKILL");
  const jpeg = await waitFor(
    "a JPEG after the kill",
    () => encoder.encode(image).catch(() => undefined),
  );
  assert.equal(jpeg[0], 0xff);
  assert.notEqual(encoder.pid, first);
});

Deno.test("JpegEncoder.encode() accepts images whose size changes", async () => {
  await using encoder = new JpegEncoder();
  for (const [width, height] of [[64, 48], [100, 80], [64, 48]] as const) {
    const { shape } = await decodeByOpenCv(
      (await encoder.encode(gradientImage(width, height)))!,
    );
    assert.deepEqual(shape, [height, width, 3]);
  }
});

Deno.test("JpegEncoder.encode() drops images for newer ones, but never the last", async () => {
  await using encoder = new JpegEncoder();
  const image = gradientImage(320, 240);
  const jpegs = await Promise.all(Array.from({ length: 20 }, () => encoder.encode(image)));
  assert.ok(jpegs.at(-1));
  assert.ok(jpegs.some((jpeg) => jpeg === undefined));
});

Deno.test("JpegEncoder leaves no child process when disposed, and rejects further images", async () => {
  const before = childProcesses();
  const encoder = new JpegEncoder();
  await encoder.encode(gradientImage(64, 48));
  const last = encoder.encode(gradientImage(64, 48));
  await encoder[Symbol.asyncDispose]();
  await last; // resolves with or without a JPEG
  assert.deepEqual(childProcesses(), before);
  await assert.rejects(encoder.encode(gradientImage(64, 48)), /closed/);
});

/** Page faults of a process so far: the kernel gave it a page (proc_pid_stat(5)). */
function pageFaultsOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")")).split(" ")[8]);
}

Deno.test("JpegEncoder's ffmpeg keeps the memory of a picture for the next one", async () => {
  await using encoder = new JpegEncoder();
  const image = gradientImage(640, 480, { color: { range: "limited", matrix: "bt601" } });
  const encode = async (count: number) => {
    for (let i = 0; i < count; i++) await encoder.encode(image);
  };
  await encode(30);
  const before = pageFaultsOf(encoder.pid!);
  await encode(60);
  const perImage = (pageFaultsOf(encoder.pid!) - before) / 60;
  assert.ok(perImage < 5, `${perImage}`);
});
