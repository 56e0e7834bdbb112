import assert from "node:assert/strict";
import { LiveSource } from "../../../../src/capture/ffmpeg/live.ts";
import { NutWriter } from "../../../../src/capture/ffmpeg/nut_writer.ts";
import { parseInputInfo } from "../../../../src/capture/ffmpeg/probe.ts";
import { FfmpegProcess } from "../../../../src/capture/ffmpeg/process.ts";
import type { SourceEvent } from "../../../../src/capture/frame.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { settle } from "../../../support/manual_clock.ts";

const SIZE = { width: 16, height: 16 };
/** Bytes of an image in planar 4:2:0. */
const IMAGE_BYTES = 16 * 16 * 3 / 2;

/** A stream of one frame, as ffmpeg writes it. */
function streamOfOneFrame(): Uint8Array {
  const writer = new NutWriter({ fourcc: "I420", ...SIZE });
  const parts = [
    writer.header(),
    writer.frameHeader(IMAGE_BYTES, { ptsUs: 0 }),
    new Uint8Array(IMAGE_BYTES),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** What ffmpeg prints about a camera. */
function description(fps: number): string {
  return `Input #0, rtsp, from 'rtsp://camera':
  Stream #0:0: Video: h264, yuv420p(progressive), 16x16, ${fps} fps
`;
}

/** A program in place of ffmpeg: it writes one frame, and hangs afterwards or ends. */
function fakeFfmpeg({ hangs, stream = streamOfOneFrame() }: {
  hangs: boolean;
  stream?: Uint8Array;
}) {
  const folder = temporaryFolder();
  Deno.writeFileSync(`${folder.path}/stream`, stream);
  const path = `${folder.path}/ffmpeg`;
  Deno.writeTextFileSync(
    path,
    `#!/bin/sh
[ -e ${folder.path}/away ] && { echo "Connection refused" >&2; exit 1; }
case "$*" in
  *pipe:1*|*nut*) cat ${folder.path}/stream; ${hangs ? "exec sleep 1000" : "exit 1"};;
  *) cat ${folder.path}/description >&2; exit 1;;
esac
`,
    { mode: 0o755 },
  );
  return {
    path,
    executable: { path, version: "7", libavutil: [59, 0, 0], passthrough: [] } as const,
    describe: (fps: number) =>
      Deno.writeTextFileSync(`${folder.path}/description`, description(fps)),
    setAway(away: boolean) {
      if (away) Deno.writeTextFileSync(`${folder.path}/away`, "");
      else Deno.removeSync(`${folder.path}/away`);
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** A clock that records its sleeps, which end at once. */
class RecordingClock extends SystemClock {
  readonly sleeps: number[] = [];
  onSleep = () => {};

  override sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.onSleep();
    return Promise.resolve();
  }
}

function liveSource(
  ffmpeg: ReturnType<typeof fakeFfmpeg>,
  { fps = 25, clock = new RecordingClock() } = {},
) {
  const info = parseInputInfo(description(fps));
  ffmpeg.describe(fps);
  return new LiveSource({
    input: "rtsp://camera",
    executable: ffmpeg.executable,
    transform: "none",
    analysisWidth: 320,
    clock,
    log: silentLog,
    counters: new Counters(),
  }, { url: "rtsp://camera", info, video: info.video! });
}

Deno.test("LiveSource doubles the pause between retries from 0.5 s to 8 s, and begins again after a frame", async () => {
  using ffmpeg = fakeFfmpeg({ hangs: false });
  const clock = new RecordingClock();
  await using source = liveSource(ffmpeg, { clock });
  ffmpeg.setAway(true);
  clock.onSleep = () => {
    if (clock.sleeps.length === 7) ffmpeg.setAway(false);
  };
  for await (const event of source as AsyncIterable<SourceEvent>) {
    if (event.kind === "frame") event.frame[Symbol.dispose]();
    if (clock.sleeps.length >= 9) break;
  }
  assert.deepEqual(clock.sleeps, [500, 1000, 2000, 4000, 8000, 8000, 8000, 500, 500]);
});

/** Replaces the timers and the time of `FfmpegProcess`, which the test then controls. */
function controlTime() {
  const { setInterval } = globalThis;
  const { now } = performance;
  // Whole milliseconds, so that differences are exact.
  const startMs = Math.floor(performance.now());
  const control = { elapsedMs: 0, intervalMs: 0, check: () => {} };
  globalThis.setInterval = ((callback: () => void, ms: number) => {
    control.check = callback;
    control.intervalMs = ms;
    return setInterval(() => {}, 1_000_000);
  }) as typeof setInterval;
  performance.now = () => startMs + control.elapsedMs;
  return {
    control,
    [Symbol.dispose]() {
      globalThis.setInterval = setInterval;
      performance.now = now;
    },
  };
}

/** Gives the child process and the reader of its output time, up to 5 s. */
async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(condition());
}

for (
  const { name, fps, silenceMs } of [
    { name: "2 s after a frame of 25 per second", fps: 25, silenceMs: 2000 },
    { name: "5 frames after one of 1 per second", fps: 1, silenceMs: 5000 },
  ]
) {
  Deno.test(`LiveSource is silent ${name}`, async () => {
    using ffmpeg = fakeFfmpeg({ hangs: true });
    using time = controlTime();
    const { control } = time;
    const source = liveSource(ffmpeg, { fps });
    const events = source[Symbol.asyncIterator]();
    const first = await events.next();
    assert.ok(first.value?.kind === "frame");
    first.value.frame[Symbol.dispose]();
    let ended: SourceEvent | undefined;
    const next = events.next().then(({ value }) => ended = value || undefined);
    await settle(); // ffmpeg's output is read again
    control.elapsedMs = silenceMs - 1;
    control.check();
    await settle();
    assert.equal(ended, undefined);
    control.elapsedMs = silenceMs;
    control.check();
    try {
      await until(() => ended !== undefined);
    } finally {
      await source[Symbol.asyncDispose]();
    }
    assert.deepEqual(ended, {
      kind: "disconnected",
      reason: `no frame for ${silenceMs / 1000}.0 s`,
    });
    await next;
    await events.return?.();
  });
}

Deno.test("LiveSource waits 15 s for the first frame", async () => {
  using ffmpeg = fakeFfmpeg({ hangs: true, stream: new Uint8Array(0) });
  using time = controlTime();
  const { control } = time;
  const source = liveSource(ffmpeg);
  const events = source[Symbol.asyncIterator]();
  let ended: SourceEvent | undefined;
  const first = events.next().then(({ value }) => ended = value || undefined);
  await until(() => control.intervalMs > 0);
  for (const elapsedMs of [14_999, 15_000]) {
    assert.equal(ended, undefined);
    control.elapsedMs = elapsedMs;
    control.check();
    await settle();
  }
  try {
    await until(() => ended !== undefined);
  } finally {
    await source[Symbol.asyncDispose]();
  }
  assert.deepEqual(ended, { kind: "disconnected", reason: "no frame for 15.0 s" });
  await first;
  await events.return?.();
});

Deno.test("FfmpegProcess.frames() checks every 200 ms whether ffmpeg was silent for longer than its limit", async () => {
  using ffmpeg = fakeFfmpeg({ hangs: true });
  using time = controlTime();
  const { control } = time;
  await using process = new FfmpegProcess(ffmpeg.path, ["pipe:1"], { silenceTimeoutMs: 15_000 });
  const frames = process.frames();
  assert.equal((await frames.next()).value?.data.length, IMAGE_BYTES);
  assert.equal(control.intervalMs, 200);
  process.silenceTimeoutMs = 14_000;
  control.elapsedMs = 100_000;
  control.check(); // while the consumer is busy, ffmpeg is not silent
  process.silenceTimeoutMs = 15_000;
  const waiting = frames.next();
  await settle();
  control.elapsedMs += 14_999;
  control.check();
  control.elapsedMs += 1;
  control.check();
  // A process that is still alive would be killed here for another reason.
  await settle();
  process.kill("not silent");
  assert.equal((await waiting).done, true);
  assert.equal((await process.end()).reason, "no frame for 15.0 s");
});
