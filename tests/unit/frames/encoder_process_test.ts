import assert from "node:assert/strict";
import { NutWriter } from "../../../src/capture/ffmpeg/nut_writer.ts";
import { type EncodeJob, EncoderProcess } from "../../../src/frames/encoder_process.ts";
import type { RawFormat } from "../../../src/frames/raw_image.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { writeProgram } from "../../support/programs.ts";

const FORMAT: RawFormat = {
  width: 4,
  height: 4,
  pixelFormat: "yuvj420p",
  matrix: "bt601",
  bytes: 24,
};
const JPEG = Uint8Array.of(0xff, 0xd8, 7);

/**
 * An encoder process whose program, in place of ffmpeg, writes a JPEG for each of the first `count`
 * images; then it runs `then`, a shell command.
 */
function start({ count = 1000, then = "" } = {}) {
  const folder = temporaryFolder();
  const writer = new NutWriter({ fourcc: "MJPG", width: 4, height: 4 });
  Deno.writeFileSync(`${folder.path}/header`, writer.header());
  const frame = [...writer.frameHeader(JPEG.length, { ptsUs: 0 }), ...JPEG];
  Deno.writeFileSync(`${folder.path}/frame`, Uint8Array.from(frame));
  const path = `${folder.path}/ffmpeg`;
  // One process, as ffmpeg is: a child of a killed shell would keep the pipes open.
  writeProgram(
    path,
    `#!/usr/bin/env python3
import os, sys
output = sys.stdout.buffer
output.write(open("${folder.path}/header", "rb").read())
output.flush()
for _ in range(${count}):
    if len(sys.stdin.buffer.read(${FORMAT.bytes})) < ${FORMAT.bytes}:
        sys.exit(0)
    output.write(open("${folder.path}/frame", "rb").read())
    output.flush()
os.execvp("sh", ["sh", "-c", ${JSON.stringify(then)}])
`,
  );
  const executable = {
    path,
    version: "7",
    libavutil: [59, 0, 0],
    build: "gnutls",
    passthrough: [],
  } as const;
  const process = new EncoderProcess(executable, { format: FORMAT, quality: 80 });
  const done: EncodeJob[] = [];
  process.onJobDone = (job) => void done.push(job);
  const push = () => {
    const job: EncodeJob = {
      format: FORMAT,
      raw: new Uint8Array(FORMAT.bytes),
      result: Promise.withResolvers(),
    };
    job.result.promise.catch(() => {});
    process.push(job);
    return job;
  };
  return {
    process,
    push,
    done,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

Deno.test("EncoderProcess.push() resolves the jobs with their JPEGs, in order", async () => {
  await using encoder = start();
  const { process, push, done } = encoder;
  assert.deepEqual([process.inFlight, process.hasOutput, process.ended], [0, false, false]);
  const jobs = [push(), push()];
  assert.equal(process.inFlight, 2);
  for (const job of jobs) assert.deepEqual(await job.result.promise, JPEG);
  assert.deepEqual(done, jobs);
  assert.deepEqual([process.inFlight, process.hasOutput, process.ended], [0, true, false]);
  assert.ok(process.pid > 0);
});

Deno.test("EncoderProcess.accepts() images of its format, until it has ended", async () => {
  await using encoder = start();
  const { process } = encoder;
  assert.equal(process.accepts({ ...FORMAT }), true);
  const others: readonly Partial<RawFormat>[] = [
    { width: 6 },
    { height: 6 },
    { pixelFormat: "gray" },
    { matrix: "bt709" },
  ];
  for (const other of others) {
    assert.equal(process.accepts({ ...FORMAT, ...other }), false, JSON.stringify(other));
  }
  await process[Symbol.asyncDispose]();
  assert.equal(process.accepts(FORMAT), false);
});

Deno.test("EncoderProcess rejects the jobs in flight with ffmpeg's message if it ends", async () => {
  for (
    const [then, reason] of [["echo '  no memory ' >&2; exit 1", "no memory"], [
      "exit 0",
      "ffmpeg ended",
    ]] as const
  ) {
    await using encoder = start({ count: 1, then });
    const { process, push, done } = encoder;
    const [first, second, third] = [push(), push(), push()];
    assert.deepEqual(await first.result.promise, JPEG);
    for (const job of [second, third]) {
      await assert.rejects(job.result.promise, (error: Error) => error.message === reason);
    }
    assert.deepEqual(done, [first, second, third]);
    assert.deepEqual([process.ended, process.hasOutput, process.inFlight], [true, true, 0]);
  }
});

Deno.test("EncoderProcess has no output if ffmpeg ends before its first JPEG", async () => {
  await using encoder = start({ count: 0, then: "exit 1" });
  await assert.rejects(encoder.push().result.promise, /ffmpeg ended/);
  assert.deepEqual([encoder.process.ended, encoder.process.hasOutput], [true, false]);
});

Deno.test("EncoderProcess resolves the jobs in flight with undefined when it is disposed", async () => {
  await using encoder = start({ count: 1, then: "exec sleep 1000" });
  const { process, push, done } = encoder;
  const jobs = [push(), push()];
  await jobs[0]!.result.promise;
  await process[Symbol.asyncDispose]();
  assert.equal(await jobs[1]!.result.promise, undefined);
  assert.deepEqual(done, jobs);
  assert.deepEqual([process.ended, process.inFlight], [true, 0]);
});

Deno.test("EncoderProcess kills ffmpeg five seconds after its last output, while a job is in flight", async () => {
  using timers = new HeldTimers();
  await using encoder = start({ count: 2, then: "exec sleep 1000" });
  const { push } = encoder;
  const first = push();
  timers.advance(2_000);
  const second = push();
  // The oldest job counts.
  assert.deepEqual(timers.remainingMs, [3_000]);
  await first.result.promise;
  await second.result.promise;
  // Nothing is in flight.
  assert.deepEqual(timers.remainingMs, []);
  const third = push();
  timers.advance(4_500);
  assert.equal(encoder.process.ended, false);
  timers.advance(1_000);
  await assert.rejects(third.result.promise, /^Error: ffmpeg produced no output for 5 s$/);
});

Deno.test("EncoderProcess begins the five seconds again with each output", async () => {
  using timers = new HeldTimers();
  await using encoder = start({ count: 1, then: "exec sleep 1000" });
  const [first] = [encoder.push(), encoder.push()];
  timers.advance(0);
  await first.result.promise;
  assert.deepEqual(timers.remainingMs, [5_000]);
});
