import assert from "node:assert/strict";
import { FfmpegProcess, type ProcessOptions } from "../../../../src/capture/ffmpeg/process.ts";
import { fakeFfmpeg, type FakeRun, nutStream } from "../../../support/fake_ffmpeg.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";

const HANGS = "exec sleep 1000";

/** A process whose program does what `run` says. */
function start(run: FakeRun, options?: ProcessOptions) {
  const ffmpeg = fakeFfmpeg({ runs: [run] });
  const process = new FfmpegProcess(ffmpeg.executable, ["-f", "nut", "pipe:1"], options);
  return {
    process,
    ffmpeg,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      ffmpeg[Symbol.dispose]();
    },
  };
}

async function contentOf(process: FfmpegProcess): Promise<number[]> {
  return (await Array.fromAsync(process.frames())).map(({ data }) => data[0]!);
}

Deno.test("FfmpegProcess starts ffmpeg without its banner, its progress and a terminal", async () => {
  await using started = start({ output: nutStream([0, 40_000]) });
  assert.deepEqual(await contentOf(started.process), [1, 2]);
  assert.deepEqual(started.ffmpeg.arguments, [
    "-hide_banner",
    "-nostdin",
    "-nostats",
    "-f",
    "nut",
    "pipe:1",
  ]);
  assert.deepEqual(await started.process.end(), { complete: true, stderr: "" });
});

Deno.test("FfmpegProcess.stdin is a pipe if it was requested, and nothing otherwise", async () => {
  const run = { then: "read -r line && echo $line >&2" };
  await using piped = start(run, { stdin: true });
  const input = piped.process.stdin.getWriter();
  await input.write(new TextEncoder().encode("hello\n"));
  await input.close();
  assert.deepEqual(await contentOf(piped.process), []);
  assert.equal((await piped.process.end()).stderr, "hello\n");
  await using empty = start(run);
  assert.throws(() => empty.process.stdin, TypeError);
  assert.deepEqual(await contentOf(empty.process), []);
  assert.equal((await empty.process.end()).stderr, "");
});

Deno.test("FfmpegProcess.end() calls the output complete if ffmpeg succeeded after a whole frame", async () => {
  const output = nutStream([0, 40_000]);
  const cases: readonly (FakeRun & { complete: boolean; reason?: string })[] = [
    { output, complete: true },
    { output: output.slice(0, -1), complete: false },
    { output: new Uint8Array(0), complete: false },
    { output, then: "exit 1", complete: false },
    { output, then: "kill -TERM $$", complete: false, reason: "ffmpeg was terminated by SIGTERM" },
  ];
  for (const { complete, reason, ...run } of cases) {
    await using started = start(run);
    await contentOf(started.process);
    const end = { complete, stderr: "", ...(reason !== undefined && { reason }) };
    assert.deepEqual(await started.process.end(), end);
  }
});

Deno.test("FfmpegProcess.kill() ends ffmpeg, and the reason of the first call counts", async () => {
  await using started = start({ output: nutStream([0]), then: HANGS });
  const { process, ffmpeg } = started;
  const frames = process.frames();
  await frames.next();
  const waiting = frames.next();
  assert.deepEqual([process.pid, ffmpeg.isAlive], [ffmpeg.pid, true]);
  process.kill("first");
  process.kill("second");
  assert.equal((await waiting).done, true);
  assert.deepEqual(await process.end(), { complete: false, stderr: "", reason: "first" });
  assert.equal(ffmpeg.isAlive, false);
});

Deno.test("FfmpegProcess is closed when it is disposed", async () => {
  const { process, ffmpeg } = start({ output: nutStream([0]), then: HANGS });
  const frames = process.frames();
  await frames.next();
  await frames.return();
  assert.equal(ffmpeg.isAlive, true);
  await process[Symbol.asyncDispose]();
  assert.equal(ffmpeg.isAlive, false);
  assert.equal((await process.end()).reason, "it was closed");
  ffmpeg[Symbol.dispose]();
});

Deno.test("FfmpegProcess.frames() closes the output when the consumer leaves, so that ffmpeg ends", async () => {
  await using started = start({ output: nutStream([0]), then: "while echo more; do :; done" });
  const frames = started.process.frames();
  await frames.next();
  await frames.return();
  assert.equal((await started.process.end()).complete, false);
});

Deno.test("FfmpegProcess.frames() kills ffmpeg if its output is not NUT", async () => {
  await using started = start({
    output: new TextEncoder().encode("RIFF"),
    then: HANGS,
  });
  assert.deepEqual(await contentOf(started.process), []);
  assert.equal(
    (await started.process.end()).reason,
    "ffmpeg wrote invalid NUT: the stream does not start with the NUT file id",
  );
});

Deno.test("FfmpegProcess.frames() passes on what the owner of the memory throws", async () => {
  const full = new Error("no memory");
  await using started = start({ output: nutStream([0]), then: HANGS }, {
    allocate() {
      throw full;
    },
  });
  await assert.rejects(contentOf(started.process), full);
});

Deno.test("FfmpegProcess.frames() writes to the given memory, up to the given size of a frame", async () => {
  const sizes: number[] = [];
  const allocate = (bytes: number) => {
    sizes.push(bytes);
    return new Uint8Array(bytes);
  };
  const output = nutStream([0], { bytes: 384 });
  await using fitting = start({ output }, { maxFrameBytes: 384, allocate });
  assert.deepEqual([await contentOf(fitting.process), sizes], [[1], [384]]);
  await using large = start({ output, then: HANGS }, { maxFrameBytes: 383 });
  assert.deepEqual(await contentOf(large.process), []);
  assert.match((await large.process.end()).reason!, /a frame of 384 bytes is too large/);
});

Deno.test("FfmpegProcess.frames() sets no timer without a limit of silence, and clears its timer", async () => {
  for (
    const { options, duringMs } of [
      { options: {}, duringMs: [] },
      { options: { silenceTimeoutMs: 5000 }, duringMs: [200] },
    ]
  ) {
    using timers = new HeldTimers();
    await using started = start({ output: nutStream([0, 40_000]) }, options);
    assert.deepEqual(timers.remainingMs, []);
    const frames = started.process.frames();
    await frames.next();
    assert.deepEqual(timers.remainingMs, duringMs);
    await frames.return();
    assert.deepEqual(timers.remainingMs, []);
  }
});

Deno.test("FfmpegProcess.frames() measures the silence from the last output", async () => {
  using timers = new HeldTimers();
  using time = new ManualPerformance();
  await using started = start({ output: nutStream([0]), then: HANGS }, { silenceTimeoutMs: 1500 });
  const { process, ffmpeg } = started;
  const frames = process.frames();
  await frames.next();
  time.advance(60_000); // the consumer is busy
  timers.advance(200);
  assert.equal(ffmpeg.isAlive, true);
  const waiting = frames.next();
  await new Promise((resolve) => setTimeout(resolve, 0)); // the output is read again
  time.advance(1400);
  timers.advance(200);
  assert.equal(ffmpeg.isAlive, true);
  time.advance(200);
  timers.advance(200);
  assert.equal((await waiting).done, true);
  assert.equal((await process.end()).reason, "no frame for 1.5 s");
});
