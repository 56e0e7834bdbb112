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
