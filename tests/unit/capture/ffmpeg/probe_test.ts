import assert from "node:assert/strict";
import { chooseOutputFormat } from "../../../../src/capture/ffmpeg/arguments.ts";
import { failureReason, parseInputInfo } from "../../../../src/capture/ffmpeg/probe.ts";

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

Deno.test("parseInputInfo() reads the description of a phone's video", () => {
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
  assert.deepEqual(chooseOutputFormat(video!, "none"), {
    kind: "yuv420",
    color: { range: "limited", matrix: "bt709" },
  });
});

Deno.test("parseInputInfo() reads what an old ffmpeg prints about a network camera", () => {
  const { format, durationS, video } = parseInputInfo(OLD_CAMERA);
  assert.deepEqual([format, durationS], ["mpjpeg", undefined]);
  assert.deepEqual(video!.color, { range: "full", matrix: "bt601" });
  assert.equal(video!.fps, undefined);
  assert.equal(chooseOutputFormat(video!, "none").kind, "jpeg");
  assert.equal(chooseOutputFormat(video!, "clockwise_90").kind, "yuv420");
});

Deno.test("parseInputInfo() ignores an attached picture", () => {
  const text = `Input #0, mp3, from 'song.mp3':
  Stream #0:0: Audio: mp3, 44100 Hz, stereo, fltp, 128 kb/s
  Stream #0:1: Video: mjpeg (Baseline), yuvj420p(pc), 300x300, 90k tbr, 90k tbn (attached pic)
`;
  assert.equal(parseInputInfo(text).video, undefined);
});

Deno.test("parseInputInfo() takes limited BT.601 as the default, and keeps grey as grey", () => {
  const stream = (pixels: string) =>
    parseInputInfo(`  Stream #0:0: Video: rawvideo, ${pixels}, 64x48, 30 fps\n`).video!;
  assert.deepEqual(stream("yuv420p").color, { range: "limited", matrix: "bt601" });
  assert.deepEqual(stream("yuvj420p").color, { range: "full", matrix: "bt601" });
  assert.deepEqual(stream("yuv420p(progressive)").color, { range: "limited", matrix: "bt601" });
  assert.deepEqual(chooseOutputFormat(stream("bgr24(pc, gbr/unknown/unknown)"), "none"), {
    kind: "yuv420",
    color: { range: "limited", matrix: "bt601" },
  });
  assert.equal(chooseOutputFormat(stream("gray(pc)"), "none").kind, "gray");
});

Deno.test("failureReason() returns the last line of ffmpeg that gives a reason", () => {
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
    ["", "ffmpeg gave no reason"],
  ] as const;
  for (const [stderr, reason] of cases) assert.equal(failureReason(stderr, "file:/a.mp4"), reason);
});

Deno.test("failureReason() hides the credentials of a URL", () => {
  assert.equal(
    failureReason("rtsp://me:secret@cam/1?pwd=secret: Connection refused\n", "x"),
    "rtsp://***@cam/1?pwd=***: Connection refused",
  );
});

Deno.test("parseInputInfo() counts hours, minutes and fractions of a second as the duration", () => {
  const durationOf = (text: string) =>
    parseInputInfo(`  Duration: ${text}, start: 0.000000\n`).durationS;
  assert.equal(durationOf("02:03:04.56"), 2 * 3600 + 3 * 60 + 4.56);
  assert.equal(durationOf("00:00:10"), 10);
  assert.equal(durationOf("N/A"), undefined);
});

Deno.test("parseInputInfo() reads the frame rate, also in thousands", () => {
  const fpsOf = (rate: string) =>
    parseInputInfo(`  Stream #0:0: Video: h264, yuv420p, 64x48, ${rate}\n`).video!.fps;
  assert.equal(fpsOf("59.94 fps, 90k tbn"), 59.94);
  assert.equal(fpsOf("1k fps, 90k tbn"), 1000);
  assert.equal(fpsOf("90k tbn"), undefined);
});

Deno.test("parseInputInfo() takes the rotation that follows the stream, up to the next one", () => {
  const stream = (index: number) => `  Stream #0:${index}: Video: h264, yuv420p, 64x48, 30 fps\n`;
  const matrix = "      displaymatrix: rotation of 90.00 degrees\n";
  const rotationOf = (text: string) => parseInputInfo(text).video!.rotation;
  assert.equal(rotationOf(stream(0) + matrix), 90);
  assert.equal(rotationOf(stream(0) + "    Side data:\n" + matrix + stream(1)), 90);
  assert.equal(rotationOf(stream(0) + stream(1) + matrix), 0);
  assert.equal(rotationOf(matrix + stream(0)), 0);
});
