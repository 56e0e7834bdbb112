import assert from "node:assert/strict";
import { accessArguments, accessOf } from "../../../../src/capture/ffmpeg/access.ts";
import { InputProcess, isFile, probeInput } from "../../../../src/capture/ffmpeg/input.ts";
import { parseInputInfo } from "../../../../src/capture/ffmpeg/probe.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import { FAKE_DESCRIPTION, fakeFfmpeg, nutStream } from "../../../support/fake_ffmpeg.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { waitFor } from "../../../support/wait.ts";

const HANGS = "exec sleep 1000";
const PLAYS = "Check that it exists, is readable, and plays in ffplay";

const refusal = (message: string, hint = PLAYS) => (error: unknown) => {
  assert.ok(error instanceof SourceError);
  assert.deepEqual([error.message, error.hint], [message, hint]);
  return true;
};

Deno.test("isFile() is true for a file, and false for a folder and for nothing", async () => {
  using ffmpeg = fakeFfmpeg();
  assert.equal(await isFile(ffmpeg.path), true);
  assert.equal(await isFile(ffmpeg.folder), false);
  assert.equal(await isFile(`${ffmpeg.folder}/absent`), false);
});

Deno.test("probeInput() describes the video, and names a file so that it is no option or URL", async () => {
  using ffmpeg = fakeFfmpeg();
  const { executable } = ffmpeg;
  for (
    const { input, url } of [
      { input: ffmpeg.path, url: `file:${ffmpeg.path}` },
      { input: "rtmp://camera/1", url: "rtmp://camera/1" },
    ]
  ) {
    const probed = await probeInput(input, { executable });
    const info = parseInputInfo(FAKE_DESCRIPTION);
    assert.deepEqual(probed, { url, info, video: info.video });
    assert.deepEqual(ffmpeg.arguments.slice(0, 2), ["-hide_banner", "-nostdin"]);
    assert.deepEqual(ffmpeg.arguments.slice(-2), ["-i", url]);
  }
});

Deno.test("probeInput() reads at once, not at the rate of a live input", async () => {
  using ffmpeg = fakeFfmpeg();
  await probeInput("lavfi:testsrc", { executable: ffmpeg.executable });
  assert.deepEqual(ffmpeg.arguments.slice(-4), ["-f", "lavfi", "-i", "testsrc"]);
  assert.ok(!ffmpeg.arguments.includes("-re"));
});

Deno.test("probeInput() fails with the reason of ffmpeg, and without the password of the URL", async () => {
  const input = "http://me:secret@host/a";
  for (
    const { description, message, hint } of [
      {
        description: `${input}: Server returned 404 Not Found\n`,
        message: "Cannot open http://***@host/a: Server returned 404 Not Found",
        hint: PLAYS,
      },
      {
        description: "",
        message: "Cannot open http://***@host/a: ffmpeg gave no reason",
        hint: PLAYS,
      },
      {
        description: "Input #0, mp3, from 'a':\n  Stream #0:0: Audio: mp3, 44100 Hz\n",
        message: "Cannot use http://***@host/a: it has no video stream",
        hint: "Choose an input with video",
      },
    ]
  ) {
    using ffmpeg = fakeFfmpeg({ description });
    await assert.rejects(
      probeInput(input, { executable: ffmpeg.executable }),
      refusal(message, hint),
    );
  }
});

Deno.test("probeInput() kills ffmpeg that does not open the input within 15 s", async () => {
  using timers = new HeldTimers();
  using ffmpeg = fakeFfmpeg({ description: "", probed: HANGS });
  const probing = probeInput("rtsp://camera", { executable: ffmpeg.executable });
  const failing = assert.rejects(
    probing,
    refusal("Cannot open rtsp://camera: it did not open within 15 s"),
  );
  await waitFor("the process", () => ffmpeg.isAlive);
  assert.deepEqual(timers.remainingMs, [15_000]);
  timers.advance(14_999);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(ffmpeg.isAlive, true);
  timers.advance(1);
  await failing;
  assert.equal(ffmpeg.isAlive, false);
});

Deno.test("probeInput() leaves neither a timer nor a listener", async () => {
  using timers = new HeldTimers();
  using ffmpeg = fakeFfmpeg();
  const { signal } = new AbortController();
  const calls: unknown[] = [];
  signal.addEventListener = (...args: unknown[]) => void calls.push(["add", ...args.slice(0, 2)]);
  signal.removeEventListener = (...args: unknown[]) =>
    void calls.push(["remove", ...args.slice(0, 2)]);
  await probeInput(ffmpeg.path, { executable: ffmpeg.executable, signal });
  assert.deepEqual(timers.remainingMs, []);
  assert.equal(calls.length, 2);
  const [[, ...added], [, ...removed]] = calls as [unknown[], unknown[]];
  assert.deepEqual(removed, added);
});

Deno.test("probeInput() kills ffmpeg when it is aborted", async () => {
  using ffmpeg = fakeFfmpeg({ description: "", probed: HANGS });
  const closing = new AbortController();
  const { signal } = closing;
  const failing = assert.rejects(
    probeInput("rtsp://camera", { executable: ffmpeg.executable, signal }),
    SourceError,
  );
  await waitFor("the process", () => ffmpeg.isAlive);
  closing.abort();
  await failing;
  assert.equal(ffmpeg.isAlive, false);
});

/** A process that reads an input of this description. */
function start(
  ffmpeg: ReturnType<typeof fakeFfmpeg>,
  { description = FAKE_DESCRIPTION, live = false, loop = false, silenceTimeoutMs = 1e6 } = {},
) {
  const info = parseInputInfo(description);
  return new InputProcess({ url: "file:clip.avi", info, video: info.video! }, {
    executable: ffmpeg.executable,
    transform: "mirror_vertical",
    format: { kind: "yuv420", color: { range: "full", matrix: "bt601" } },
    live,
    loop,
    silenceTimeoutMs,
    allocate: (bytes) => new Uint8Array(bytes),
  });
}

Deno.test("InputProcess passes the input, its format and the output to ffmpeg", async () => {
  using ffmpeg = fakeFfmpeg({ runs: [{ output: nutStream([0, 40_000]) }] });
  for (
    const { description, live, loop, threads, input } of [
      {
        description: FAKE_DESCRIPTION,
        live: true,
        loop: true,
        threads: ["-threads", "1"],
        input: [],
      },
      {
        description: FAKE_DESCRIPTION.replace("16x16", "1920x1080").replace("avi", "image2"),
        live: false,
        loop: true,
        threads: [],
        input: ["-f", "image2", "-pattern_type", "none", "-loop", "1", "-framerate", "30"],
      },
      {
        description: FAKE_DESCRIPTION.replace("avi", "mpjpeg"),
        live: true,
        loop: false,
        threads: ["-threads", "1"],
        input: ["-use_wallclock_as_timestamps", "1"],
      },
    ]
  ) {
    await using process = start(ffmpeg, { description, live, loop });
    const images = await Array.fromAsync(process.images());
    assert.deepEqual(images.map(({ ptsUs }) => ptsUs), [0, 40_000]);
    assert.deepEqual(ffmpeg.arguments, [
      ...["-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"],
      ...threads,
      ...accessArguments(accessOf("file:clip.avi")),
      ...input,
      ...["-i", "file:clip.avi", "-map", "0:0", "-map_metadata", "-1", "-p", "-vf", "vflip"],
      ...["-c:v", "rawvideo", "-pix_fmt", "yuvj420p", "-enc_time_base", "1/1000000"],
      ...["-f", "nut", "-write_index", "0", "-flush_packets", "1", "pipe:1"],
    ]);
  }
});

Deno.test("InputProcess.reasonOf() is the reason of the kill, or else the last line of ffmpeg", async () => {
  const reason = "file:clip.avi: Invalid data found";
  using failing = fakeFfmpeg({ runs: [{ then: `echo '${reason}' >&2; exit 1` }] });
  await using failed = start(failing);
  await Array.fromAsync(failed.images());
  assert.equal(failed.reasonOf(await failed.end()), "Invalid data found");
  using hanging = fakeFfmpeg({ runs: [{ output: nutStream([0]), then: HANGS }] });
  await using killed = start(hanging);
  const images = killed.images();
  await images.next();
  killed.kill("it is enough");
  assert.equal((await images.next()).done, true);
  assert.equal(killed.reasonOf(await killed.end()), "it is enough");
  assert.equal(hanging.isAlive, false);
});

Deno.test("InputProcess.silenceTimeoutMs replaces the initial limit", async () => {
  using timers = new HeldTimers();
  using ffmpeg = fakeFfmpeg({ runs: [{ output: nutStream([0]), then: HANGS }] });
  await using process = start(ffmpeg, { silenceTimeoutMs: 1e6 });
  const images = process.images();
  await images.next();
  process.silenceTimeoutMs = 0;
  const next = images.next();
  await new Promise((resolve) => setTimeout(resolve, 0)); // the output is read again
  timers.advance(200);
  assert.equal((await next).done, true);
  assert.equal(process.reasonOf(await process.end()), "no frame for 0.0 s");
});

Deno.test("InputProcess ends ffmpeg when it is disposed", async () => {
  using ffmpeg = fakeFfmpeg({ runs: [{ output: nutStream([0]), then: HANGS }] });
  const process = start(ffmpeg);
  const images = process.images();
  await images.next();
  await images.return();
  assert.equal(ffmpeg.isAlive, true);
  await process[Symbol.asyncDispose]();
  assert.equal(ffmpeg.isAlive, false);
});
