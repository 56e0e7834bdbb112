import assert from "node:assert/strict";
import { encoderArguments, qscaleOf } from "../../../src/frames/jpeg_arguments.ts";
import type { RawFormat } from "../../../src/frames/raw_image.ts";

Deno.test("qscaleOf() does not rise with the quality and stays within ffmpeg's range", () => {
  let previous = Infinity;
  for (let quality = 1; quality <= 100; quality++) {
    const qscale = qscaleOf(quality);
    assert.ok(qscale >= 1 && qscale <= 60 && qscale <= previous);
    previous = qscale;
  }
});

Deno.test("qscaleOf() has quantizers equal to those of libjpeg on average", () => {
  // libjpeg scales its tables by 5000/quality % below 50, and by 200 - 2·quality % from there on.
  const cases = [
    [1, 60],
    [13, 60],
    [14, 57],
    [25, 32],
    [40, 20],
    [49, 16],
    [50, 16],
    [75, 8],
    [80, 6],
    [90, 3],
    [100, 1],
  ];
  for (const [quality, qscale] of cases) assert.equal(qscaleOf(quality!), qscale, `${quality}`);
});

const EXECUTABLE = {
  path: "ffmpeg",
  version: "7",
  libavutil: [59, 0, 0],
  build: "gnutls",
  passthrough: ["-fps_mode", "passthrough"],
} as const;

/** The value of each option of ffmpeg, for an image of this format. */
function optionsFor(format: Partial<RawFormat>): Readonly<Record<string, string | undefined>> {
  const args = encoderArguments(
    { width: 64, height: 48, pixelFormat: "yuvj420p", matrix: "bt601", bytes: 4608, ...format },
    { executable: EXECUTABLE, quality: 75 },
  );
  return Object.fromEntries(
    args.flatMap((arg, k) => arg.startsWith("-") ? [[arg, args[k + 1]]] : []),
  );
}

Deno.test("encoderArguments() reads raw images of the format, and writes MJPEG of the quality", () => {
  const options = optionsFor({});
  assert.equal(options["-video_size"], "64x48");
  assert.equal(options["-pixel_format"], "yuvj420p");
  assert.equal(options["-q:v"], "8");
  assert.equal(options["-fps_mode"], "passthrough");
  assert.deepEqual([options["-f"], options["-write_index"]], ["nut", "0"]);
  assert.deepEqual([options["-qmin"], options["-qmax"]], ["1", "60"]);
});

Deno.test("encoderArguments() keeps the chroma sampling, of gray images that of 4:2:0", () => {
  const cases = [
    ["yuvj420p", "yuvj420p"],
    ["yuvj422p", "yuvj422p"],
    ["yuvj444p", "yuvj444p"],
    ["yuv422p", "yuvj422p"],
    ["yuv444p", "yuvj444p"],
    ["yuv440p", "yuvj420p"],
    ["gray", "yuvj420p"],
  ] as const;
  for (const [pixelFormat, jpegFormat] of cases) {
    assert.equal(optionsFor({ pixelFormat })["-pix_fmt"], jpegFormat, pixelFormat);
  }
});

Deno.test("encoderArguments() converts nothing, the range by tables, or the matrix by a scaler", () => {
  const cases = [
    ["yuvj420p", "bt601", "yuvj420p", undefined],
    [
      "yuv420p",
      "bt601",
      "yuvj420p",
      /^lutyuv=y=\(val-16\)\*255\/219\+0\.5:u=\(val-128\)\*255\/224/,
    ],
    [
      "yuvj420p",
      "bt709",
      "yuvj420p",
      /^scale=in_color_matrix=bt709:out_color_matrix=bt601:out_range=pc/,
    ],
    ["yuv420p", "bt709", "yuv420p", /^scale=in_color_matrix=bt709/],
    ["gray", "bt601", "gray", /^scale=in_color_matrix=bt601/],
    ["yuvj440p", "bt601", "yuvj440p", /^scale=/],
  ] as const;
  for (const [pixelFormat, matrix, input, filter] of cases) {
    const options = optionsFor({ pixelFormat, matrix });
    assert.equal(options["-pixel_format"], input, `${pixelFormat} ${matrix}`);
    if (filter) assert.match(options["-vf"] ?? "", filter);
    else assert.equal(options["-vf"], undefined);
  }
});
