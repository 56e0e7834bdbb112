import assert from "node:assert/strict";
import { compareVersions, parseVersion } from "../../../../src/capture/ffmpeg/executable.ts";

Deno.test("parseVersion() orders builds by libavutil and selects the options of that version", () => {
  const debian = parseVersion(
    "ffmpeg",
    "ffmpeg version 5.1.9-0+deb12u1 Copyright\nlibavutil      57. 28.100 / 57. 28.100\n",
  )!;
  const packed = parseVersion(
    "/packed/ffmpeg",
    "ffmpeg version N-47683-g0e8eb07980-static Copyright\nlibavutil      56. 24.101 / 56. 24.101\n",
  )!;
  assert.equal(debian.version, "5.1.9-0+deb12u1");
  assert.deepEqual(debian.passthrough, ["-fps_mode", "passthrough"]);
  assert.deepEqual(packed.passthrough, ["-vsync", "passthrough"]);
  assert.ok(compareVersions(debian.libavutil, packed.libavutil) > 0);
  assert.equal(parseVersion("ls", "ls (GNU coreutils) 9.1\n"), undefined);
});

Deno.test("parseVersion() takes libavutil 57.28.100 as the first with -fps_mode", () => {
  const optionOf = (libavutil: string) =>
    parseVersion("ffmpeg", `ffmpeg version 5\nlibavutil      ${libavutil} / 1. 1. 1\n`)!
      .passthrough[0];
  assert.equal(optionOf("57. 28.100"), "-fps_mode");
  assert.equal(optionOf("57. 28. 99"), "-vsync");
  assert.equal(optionOf("57. 27.200"), "-vsync");
  assert.equal(optionOf("58.  0.  0"), "-fps_mode");
  assert.equal(parseVersion("ffmpeg", "ffmpeg version 5\n"), undefined);
  assert.equal(parseVersion("ffmpeg", "libavutil      57. 28.100 / 57. 28.100\n"), undefined);
});

Deno.test("compareVersions() compares from the left, and takes absent numbers for 0", () => {
  const signs = ([
    [[1, 2, 3], [1, 2, 3], 0],
    [[1, 2], [1, 2, 0], 0],
    [[1, 2, 1], [1, 2], 1],
    [[1, 2], [1, 2, 1], -1],
    [[2, 0, 0], [1, 9, 9], 1],
    [[1, 3, 0], [1, 2, 9], 1],
  ] as const).map(([a, b, sign]) => [Math.sign(compareVersions(a, b)), sign]);
  for (const [found, expected] of signs) assert.equal(found, expected);
});
