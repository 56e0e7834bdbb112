import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import assert from "node:assert/strict";
import { probeInput } from "../../../src/capture/ffmpeg/input.ts";
import { EncoderProcess } from "../../../src/frames/encoder_process.ts";
import { ffmpeg, TemporaryFolder } from "../../support/clips.ts";
import { FFMPEGS, OWN_FFMPEG, ownFfmpegPath } from "../../support/ffmpegs.ts";

const folder = new TemporaryFolder();
globalThis.addEventListener("unload", () => folder[Symbol.dispose]());

const TEST_IMAGE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=0.4"];

/** The formats that docs/INPUT.md lists, and the options that make a video of them. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  "mjpeg.avi": ["-c:v", "mjpeg", "-q:v", "3"],
  "h264.mp4": ["-c:v", "libx264", "-bf", "2"],
  "h264.flv": ["-c:v", "libx264"],
  "h264.ts": ["-c:v", "libx264"],
  "hevc.mkv": ["-c:v", "libx265", "-x265-params", "log-level=none"],
  "mpeg4.avi": ["-c:v", "mpeg4", "-bf", "2"],
  "mpeg2.mpg": ["-c:v", "mpeg2video", "-bf", "2"],
  "vp8.webm": ["-c:v", "libvpx"],
  "vp9.webm": ["-c:v", "libvpx-vp9"],
  "ffv1.mkv": ["-c:v", "ffv1"],
  "huffyuv.avi": ["-c:v", "huffyuv"],
  "raw.nut": ["-c:v", "rawvideo"],
  "still.png": ["-frames:v", "1", "-update", "1"],
  "still.jpg": ["-frames:v", "1", "-update", "1", "-pix_fmt", "yuvj420p"],
};

/** Decodes all frames of a video, without a conversion. */
async function decoded(path: string, program: string): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: ["-nostdin", "-v", "error", "-i", path, "-f", "rawvideo", "pipe:1"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return stdout;
}

for (const [name, options] of Object.entries(FORMATS)) {
  Deno.test({
    name: `ffmpeg of scripts/build_ffmpeg decodes ${name} as the one of the system does`,
    ignore: !OWN_FFMPEG,
    async fn() {
      const path = folder.file(name);
      await ffmpeg(...TEST_IMAGE, "-pix_fmt", "yuv420p", ...options, path);
      const expected = await decoded(path, "ffmpeg");
      const found = await decoded(path, OWN_FFMPEG!.path);
      assert.ok(expected.length > 0);
      assert.ok(Buffer.compare(found, expected) === 0, `${found.length} bytes differ`);
      const infos = await Promise.all(
        FFMPEGS.map(async (executable) => (await probeInput(path, { executable })).video),
      );
      assert.deepEqual(
        infos.map((video) => [video.codec, video.width, video.height]),
        infos.map(() => [infos[0]!.codec, 320, 240]),
      );
    },
  });
}

for (const executable of FFMPEGS) {
  Deno.test(`EncoderProcess with ffmpeg ${executable.version} compresses an image to a JPEG of its colors`, async () => {
    const bytes = 64 * 48 * 3 / 2;
    const format = {
      width: 64,
      height: 48,
      pixelFormat: "yuv420p",
      matrix: "bt601",
      bytes,
    } as const;
    await using encoder = new EncoderProcess(executable, { format, quality: 90 });
    const raw = new Uint8Array(bytes).fill(128);
    raw.fill(100, 0, 64 * 48);
    const result = Promise.withResolvers<Uint8Array<ArrayBuffer> | undefined>();
    encoder.push({ format, raw, result });
    const jpeg = await result.promise;
    await Deno.writeFile(folder.file("encoded.jpg"), jpeg!);
    const pixels = await decoded(folder.file("encoded.jpg"), "ffmpeg");
    // From the range of television, 16 to 235, to that of JPEG.
    const luma = (100 - 16) * 255 / 219;
    assert.ok(pixels.subarray(0, 64 * 48).every((value) => Math.abs(value - luma) <= 1.5));
    assert.ok(pixels.subarray(64 * 48).every((value) => Math.abs(value - 128) <= 1));
  });
}

Deno.test({
  name: "ffmpeg of scripts/build_ffmpeg has few decoders, and no part under the GPL",
  ignore: !OWN_FFMPEG,
  async fn() {
    const printed = async (option: string) => {
      const { stdout } = await new Deno.Command(OWN_FFMPEG!.path, {
        args: ["-hide_banner", option],
        stderr: "null",
      }).output();
      return new TextDecoder().decode(stdout);
    };
    const rows = (await printed("-decoders")).split("------\n")[1]!.trimEnd().split("\n");
    assert.ok(rows.length <= 15, rows.join("\n"));
    assert.match(await printed("-L"), /GNU Lesser General Public\s+License/);
    assert.doesNotMatch(await printed("-buildconf"), /--enable-(gpl|nonfree)|\//);
    for (const path of (["x64", "arm64"] as const).map(ownFfmpegPath).filter(existsSync)) {
      const { size } = await Deno.stat(path);
      assert.ok(size < 12_000_000, `${path}: ${size} bytes`);
    }
  },
});
