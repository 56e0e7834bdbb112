import assert from "node:assert/strict";
import { compareVersions, parseVersion } from "../../../src/capture/ffmpeg/executable.ts";
import { parseFrameTimes } from "../../../src/capture/ffmpeg/frame_times.ts";
import { failureReason, parseInputInfo } from "../../../src/capture/ffmpeg/probe.ts";
import { maskPasswords } from "../../../src/config/secret.ts";
import { planOutput } from "../../../src/capture/ffmpeg/arguments.ts";

const PHONE = `Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'phone.mp4':
  Metadata:
    major_brand     : mp42
  Duration: 00:01:10.50, start: 0.000000, bitrate: 1307 kb/s
  Stream #0:0[0x1](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, stereo, fltp (default)
  Stream #0:1[0x2](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709, progressive), 1920x1080 [SAR 1:1 DAR 16:9], 17000 kb/s, 29.97 fps, 30 tbr, 90k tbn (default)
    Side data:
      displaymatrix: rotation of -90.00 degrees
At least one output file must be specified
`;
const OLD_CAMERA = `Input #0, mpjpeg, from 'http://camera/stream':
  Duration: N/A, bitrate: N/A
    Stream #0:0: Video: mjpeg, yuvj422p(pc, bt470bg/unknown/unknown), 640x480 [SAR 1:1 DAR 4:3], 25 tbr, 25 tbn, 25 tbc
`;

Deno.test("what ffmpeg says about a phone's video is understood", () => {
  const { format, durationS, video } = parseInputInfo(PHONE);
  assert.equal(format, "mov,mp4,m4a,3gp,3g2,mj2");
  assert.equal(durationS, 70.5);
  assert.deepEqual(video, {
    index: 1,
    codec: "h264",
    pixelFormat: "yuv420p",
    color: { range: "limited", matrix: "bt709" },
    width: 1920,
    height: 1080,
    fps: 29.97,
    rotation: -90,
  });
  assert.deepEqual(planOutput(video!, "none"), {
    kind: "yuv420",
    color: { range: "limited", matrix: "bt709" },
  });
});

Deno.test("an old ffmpeg's words about a network camera are understood", () => {
  const { format, durationS, video } = parseInputInfo(OLD_CAMERA);
  assert.deepEqual([format, durationS], ["mpjpeg", undefined]);
  assert.deepEqual(video!.color, { range: "full", matrix: "bt601" });
  assert.equal(video!.fps, undefined);
  assert.equal(planOutput(video!, "none").kind, "jpeg");
  assert.equal(planOutput(video!, "clockwise_90").kind, "yuv420");
});

Deno.test("a cover picture is no video", () => {
  const text = `Input #0, mp3, from 'song.mp3':
  Stream #0:0: Audio: mp3, 44100 Hz, stereo, fltp, 128 kb/s
  Stream #0:1: Video: mjpeg (Baseline), yuvj420p(pc), 300x300, 90k tbr, 90k tbn (attached pic)
`;
  assert.equal(parseInputInfo(text).video, undefined);
});

Deno.test("colours that nobody named are limited BT.601, RGB becomes so, and grey stays grey", () => {
  const stream = (pixels: string) =>
    parseInputInfo(`  Stream #0:0: Video: rawvideo, ${pixels}, 64x48, 30 fps\n`).video!;
  assert.deepEqual(stream("yuv420p").color, { range: "limited", matrix: "bt601" });
  assert.deepEqual(stream("yuvj420p").color, { range: "full", matrix: "bt601" });
  assert.deepEqual(stream("yuv420p(progressive)").color, { range: "limited", matrix: "bt601" });
  assert.deepEqual(planOutput(stream("bgr24(pc, gbr/unknown/unknown)"), "none"), {
    kind: "yuv420",
    color: { range: "limited", matrix: "bt601" },
  });
  assert.equal(planOutput(stream("gray(pc)"), "none").kind, "gray");
});

Deno.test("the reason is ffmpeg's last word that says something", () => {
  const cases = [
    ["file:/a.mp4: No such file or directory\n", "No such file or directory"],
    [
      "[mov,mp4 @ 0x55] moov atom not found\nfile:/a.mp4: Invalid data found when processing input\n",
      "Invalid data found when processing input",
    ],
    [
      "[in#0 @ 0x5] Error opening input: Permission denied\nError opening input file file:/a.mp4.\n" +
      "Error opening input files: Permission denied\n",
      "Permission denied",
    ],
    ["", "it gave no reason"],
  ] as const;
  for (const [stderr, reason] of cases) assert.equal(failureReason(stderr, "file:/a.mp4"), reason);
});

Deno.test("the newer ffmpeg is known by its library, and the older gets the older words", () => {
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

Deno.test("frame times count from the first, and each line that is wrong is named", () => {
  assert.deepEqual(parseFrameTimes("1700000000000\n1700000000033.5\n\n", "t"), [0, 33_500]);
  assert.throws(
    () => parseFrameTimes("0\nforty\n", "t.txt"),
    /t\.txt: line 2 is no number: "forty"/,
  );
  assert.throws(() => parseFrameTimes("0\n40\n40\n", "t.txt"), /line 3 does not grow/);
  assert.throws(() => parseFrameTimes("\n", "t.txt"), /it holds none/);
});

Deno.test("no password of a URL is shown", () => {
  assert.equal(
    maskPasswords("Cannot open rtsp://me:p@ss:w0rd@cam/1"),
    "Cannot open rtsp://me:***@cam/1",
  );
  assert.equal(
    failureReason("rtsp://me:secret@cam/1: Connection refused\n", "x"),
    "rtsp://me:***@cam/1: Connection refused",
  );
  for (const plain of ["http://cam:8080/a@b", "/clip.mp4", "me@cam: no"]) {
    assert.equal(maskPasswords(plain), plain);
  }
});
