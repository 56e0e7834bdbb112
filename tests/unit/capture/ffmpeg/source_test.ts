import assert from "node:assert/strict";
import { LiveSource } from "../../../../src/capture/ffmpeg/live.ts";
import { RecordedSource } from "../../../../src/capture/ffmpeg/recorded.ts";
import {
  type FfmpegSourceOptions,
  openFfmpegSource,
} from "../../../../src/capture/ffmpeg/source.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import { NutWriter } from "../../../../src/capture/ffmpeg/nut_writer.ts";
import { cameraJpegs } from "../../../support/camera_jpegs.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { withEnvironment } from "../../../support/environment.ts";
import { FAKE_DESCRIPTION, fakeFfmpeg, nutStream } from "../../../support/fake_ffmpeg.ts";

const ENDLESS = FAKE_DESCRIPTION.replace(/Duration: [^,]*/, "Duration: N/A");
const REFUSED = "Connection refused\n";

/** Opens a source with a fake ffmpeg that describes every input as `description` says. */
async function open(options: FfmpegSourceOptions, description = FAKE_DESCRIPTION) {
  const ffmpeg = fakeFfmpeg({ description, runs: [{ output: nutStream([0, 40_000, 80_000]) }] });
  const log = new CollectingLog();
  const opening = withEnvironment(
    { PHYSIOLOGY_FFMPEG: ffmpeg.path, PHYSIOLOGY_FFMPEG_SANDBOX: "off" },
    () => openFfmpegSource({ log, ...options }),
  );
  try {
    const source = await opening;
    return {
      source,
      log,
      wasProbed: ffmpeg.arguments.length > 1,
      async [Symbol.asyncDispose]() {
        await source[Symbol.asyncDispose]();
        ffmpeg[Symbol.dispose]();
      },
    };
  } catch (error) {
    ffmpeg[Symbol.dispose]();
    throw error;
  }
}

/** A file on this machine, of any content. */
const FILE = new URL(import.meta.url).pathname;

Deno.test("openFfmpegSource() takes streams and devices as live, and does not open them yet", async () => {
  const inputs = [
    "rtsp",
    "rtsps",
    "rtmp",
    "rtmps",
    "rtp",
    "srt",
    "udp",
    "tcp",
  ]
    .map((scheme) => `${scheme}://camera`);
  for (const input of [...inputs, "lavfi:testsrc", "/dev/video99"]) {
    await using opened = await open({ input });
    assert.ok(opened.source instanceof LiveSource, input);
    assert.deepEqual([opened.source.description, opened.wasProbed], [input, false]);
    assert.deepEqual(opened.log.lines, []);
  }
});

Deno.test("openFfmpegSource() takes a file, and a URL with a duration, as a recording", async () => {
  for (const input of [FILE, "http://host/clip.avi", "https://host/clip.avi"]) {
    await using opened = await open({ input });
    assert.ok(opened.source instanceof RecordedSource, input);
    assert.equal(opened.source.description, `${input}: h264 16x16 at 25 fps`);
    assert.equal(opened.source.realtime, true);
  }
  await using endless = await open({ input: FILE }, ENDLESS);
  assert.ok(endless.source instanceof RecordedSource);
});

Deno.test("openFfmpegSource() takes a web camera, which has no duration, as live", async () => {
  await using opened = await open({ input: "http://camera/stream" }, ENDLESS);
  assert.ok(opened.source instanceof LiveSource);
  assert.equal(opened.source.description, "http://camera/stream: h264 16x16 at 25 fps");
});

Deno.test("openFfmpegSource() waits for a web camera that does not answer, but for nothing else", async () => {
  await using camera = await open({ input: "https://camera/stream" }, REFUSED);
  assert.ok(camera.source instanceof LiveSource);
  for (const input of [FILE, "absent.avi"]) {
    await assert.rejects(
      open({ input }, REFUSED),
      (error) =>
        error instanceof SourceError &&
        error.message === `Cannot open ${input}: Connection refused`,
    );
  }
});

Deno.test("openFfmpegSource() refuses a protocol that is not supported", async () => {
  for (const scheme of ["ftp", "concat", "hls", "mms"]) {
    await assert.rejects(
      open({ input: `${scheme}://me:secret@host/a` }),
      (error) =>
        error instanceof SourceError && !/secret/.test(error.describe()) &&
        error.message === `Cannot open a URL of ${scheme}: this protocol is not supported`,
    );
  }
});

Deno.test("openFfmpegSource() takes a file for a file even if its name looks like a stream", async () => {
  const before = Deno.cwd();
  const folder = Deno.makeTempDirSync();
  try {
    Deno.chdir(folder);
    for (const input of ["tcp:clip.avi", "http:clip.avi"]) {
      Deno.writeTextFileSync(input, "");
      await using opened = await open({ input }, ENDLESS);
      assert.ok(opened.source instanceof RecordedSource, input);
      await assert.rejects(open({ input }, REFUSED), SourceError);
    }
  } finally {
    Deno.chdir(before);
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("openFfmpegSource() warns that the options of a recording do not apply to a live stream", async () => {
  for (const option of [{ loop: true }, { realtime: false }, { timesPath: "/absent" }]) {
    await using opened = await open({ input: "rtsp://camera", ...option });
    assert.equal(opened.log.lines.length, 1);
    assert.match(opened.log.lines[0]!, /the input is a live stream/);
  }
});

/** Reads all frames, up to 5: their times since the first, and the milliseconds that this took. */
async function timesOf(opened: Awaited<ReturnType<typeof open>>) {
  const times: number[] = [];
  const start = performance.now();
  for await (const event of opened.source) {
    assert.ok(event.kind === "frame");
    times.push(event.frame.timeUs);
    event.frame[Symbol.dispose]();
    if (times.length === 5) break;
  }
  return { times: times.map((timeUs) => timeUs - times[0]!), ms: performance.now() - start };
}

Deno.test("openFfmpegSource() plays a recording once and at its own rate by default", async () => {
  await using opened = await open({ input: FILE });
  const { times, ms } = await timesOf(opened);
  assert.deepEqual(times, [0, 40_000, 80_000]);
  assert.ok(ms >= 75, `${ms}`);
});

Deno.test("openFfmpegSource() plays a recording in a loop if this is requested", async () => {
  await using opened = await open({ input: FILE, loop: true, realtime: false });
  assert.equal(opened.source.realtime, false);
  const { times } = await timesOf(opened);
  assert.deepEqual(times, [0, 40_000, 80_000, 120_000, 160_000]);
});

Deno.test("openFfmpegSource() takes the times of the frames from a file", async () => {
  const timesPath = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(timesPath, "100\n150\n175.5\n");
    await using opened = await open({ input: FILE, realtime: false, timesPath });
    assert.deepEqual((await timesOf(opened)).times, [0, 50_000, 75_500]);
    await assert.rejects(
      open({ input: FILE, timesPath: "/absent" }),
      /^SourceError: Cannot read the frame times in \/absent: no such file or directory$/,
    );
  } finally {
    Deno.removeSync(timesPath);
  }
});

Deno.test("openFfmpegSource() halves a JPEG for the analysis while it stays 320 pixels wide", async () => {
  const [jpeg] = await cameraJpegs({ count: 1, size: "640x480" });
  const writer = new NutWriter({ fourcc: "MJPG", width: 640, height: 480 });
  const output = [...writer.header(), ...writer.frameHeader(jpeg!.length, { ptsUs: 0 }), ...jpeg!];
  const description = FAKE_DESCRIPTION.replace("h264, yuv420p", "mjpeg, yuvj422p");
  for (
    const { options, width } of [{ options: {}, width: 320 }, {
      options: { analysisWidth: 321 },
      width: 640,
    }]
  ) {
    using ffmpeg = fakeFfmpeg({ description, runs: [{ output: Uint8Array.from(output) }] });
    await using source = await withEnvironment(
      { PHYSIOLOGY_FFMPEG: ffmpeg.path, PHYSIOLOGY_FFMPEG_SANDBOX: "off" },
      () => openFfmpegSource({ input: FILE, ...options }),
    );
    for await (const event of source) {
      assert.ok(event.kind === "frame");
      using frame = event.frame;
      assert.deepEqual([frame.width, frame.height, frame.image.width], [640, 480, width]);
      assert.deepEqual(frame.jpeg, jpeg);
    }
  }
});
