import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { FrameBuilder } from "../../../../src/capture/ffmpeg/frame_builder.ts";
import { LiveSource } from "../../../../src/capture/ffmpeg/live.ts";
import { NutWriter } from "../../../../src/capture/ffmpeg/nut_writer.ts";
import { parseInputInfo } from "../../../../src/capture/ffmpeg/probe.ts";
import { FfmpegProcess } from "../../../../src/capture/ffmpeg/process.ts";
import type { SourceEvent } from "../../../../src/capture/frame.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import {
  FAKE_DESCRIPTION,
  fakeFfmpeg as scriptedFfmpeg,
  type FakeRun,
  nutStream,
} from "../../../support/fake_ffmpeg.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { settle } from "../../../support/manual_clock.ts";
import { replaced } from "../../../support/replace.ts";
import { waitFor } from "../../../support/wait.ts";
import { writeProgram } from "../../../support/programs.ts";

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
  writeProgram(
    path,
    `#!/bin/sh
[ -e ${folder.path}/away ] && { echo "Connection refused" >&2; exit 1; }
case "$*" in
  *pipe:1*|*nut*) cat ${folder.path}/stream; ${hangs ? "exec sleep 1000" : "exit 1"};;
  *) cat ${folder.path}/description >&2; exit 1;;
esac
`,
  );
  return {
    path,
    executable: {
      path,
      version: "7",
      libavutil: [59, 0, 0],
      build: "gnutls",
      passthrough: [],
    } as const,
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
  await using process = new FfmpegProcess(ffmpeg, ["pipe:1"], { silenceTimeoutMs: 15_000 });
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

const NOW_US = 5_000_000;
const HANGS = "exec sleep 1000";
const LIVE_DESCRIPTION = FAKE_DESCRIPTION.replace(/Duration: [^,]*/, "Duration: N/A");

/** A source that must probe its input; its frames arrive every 40 ms, and its sleeps end at once. */
function open(
  { input = "rtsp://me:secret@camera", intervalUs = 40_000, ...ffmpegOptions }: {
    input?: string;
    intervalUs?: number;
    runs: readonly FakeRun[];
    description?: string;
    probed?: string;
  },
) {
  const ffmpeg = scriptedFfmpeg({ description: LIVE_DESCRIPTION, ...ffmpegOptions });
  const clock = new RecordingClock();
  let arrived = 0;
  clock.monotonicUs = () => monotonicUs(NOW_US + intervalUs * arrived++);
  const counters = new Counters();
  const source = new LiveSource({
    input,
    executable: ffmpeg.executable,
    transform: "none",
    analysisWidth: 320,
    clock,
    log: silentLog,
    counters,
  });
  return {
    source,
    ffmpeg,
    clock,
    counters,
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      ffmpeg[Symbol.dispose]();
    },
  };
}

/** What a test compares of an event: of a frame, its time since the start, number and content. */
function summaryOf(event: SourceEvent): unknown {
  if (event.kind !== "frame") return event;
  using frame = event.frame;
  return [frame.timeUs - NOW_US, frame.sequence, frame.image.y[0]];
}

/** Reads `count` events, and then leaves. */
async function eventsOf(source: LiveSource, count: number): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of source) {
    events.push(summaryOf(event));
    if (events.length === count) break;
  }
  return events;
}

Deno.test("LiveSource describes the stream as soon as it was opened", async () => {
  for (
    const { description, expected } of [
      { description: LIVE_DESCRIPTION, expected: ["h264 16x16 at 25 fps", 25] },
      {
        description: LIVE_DESCRIPTION.replace("25 fps, ", ""),
        expected: ["h264 16x16", undefined],
      },
    ]
  ) {
    await using opened = open({ description, runs: [{ output: nutStream([0]) }] });
    const { source } = opened;
    const name = "rtsp://***@camera";
    assert.deepEqual([source.description, source.nominalFps], [name, undefined]);
    assert.equal(source.realtime, true);
    await eventsOf(source, 1);
    assert.deepEqual([source.description, source.nominalFps], [
      `${name}: ${expected[0]}`,
      expected[1],
    ]);
  }
});

Deno.test("LiveSource reports once that the stream ended and once that it is back, and counts on", async () => {
  const fails = "echo 'Connection reset by peer' >&2; exit 1";
  await using opened = open({
    runs: [
      { output: nutStream([0, 40_000]), then: fails },
      { then: fails },
      { then: fails },
      { output: nutStream([0]), then: fails },
      {},
    ],
  });
  const { source, counters, clock } = opened;
  assert.deepEqual(await eventsOf(source, 6), [
    [0, 0, 1],
    [40_000, 1, 2],
    { kind: "disconnected", reason: "Connection reset by peer" },
    { kind: "connected", description: "rtsp://***@camera: h264 16x16 at 25 fps" },
    [80_000, 2, 1],
    { kind: "disconnected", reason: "Connection reset by peer" },
  ]);
  assert.equal(counters.get("source_restarts_total"), 3);
  assert.deepEqual(clock.sleeps, [500, 1000, 2000]);
});

Deno.test("LiveSource reports that a stream cannot be opened, and tries again", async () => {
  await using opened = open({ description: "Connection refused\n", runs: [{}] });
  const { source, clock, counters } = opened;
  const events: SourceEvent[] = [];
  clock.onSleep = () => {
    if (clock.sleeps.length === 3) source[Symbol.asyncDispose]();
  };
  for await (const event of source) events.push(event);
  assert.deepEqual(events, [{
    kind: "disconnected",
    reason: "Cannot open rtsp://***@camera: Connection refused",
  }]);
  assert.equal(counters.get("source_restarts_total"), 3);
});

Deno.test("LiveSource opens its input as a live one, which it does not repeat", async () => {
  for (
    const { format, option, isGiven } of [
      { format: "mpjpeg", option: "-use_wallclock_as_timestamps", isGiven: true },
      { format: "image2", option: "-loop", isGiven: false },
    ]
  ) {
    const description = LIVE_DESCRIPTION.replace("avi", format);
    await using opened = open({ description, runs: [{ output: nutStream([0]) }] });
    await eventsOf(opened.source, 1);
    assert.equal(opened.ffmpeg.arguments.includes(option), isGiven);
  }
});

Deno.test("LiveSource ends ffmpeg and its iteration when it is disposed", async () => {
  await using opened = open({ runs: [{ output: nutStream([0]), then: HANGS }] });
  const { source, ffmpeg, counters, clock } = opened;
  const events = source[Symbol.asyncIterator]();
  summaryOf((await events.next()).value as SourceEvent);
  const next = events.next();
  assert.equal(ffmpeg.isAlive, true);
  await source[Symbol.asyncDispose]();
  assert.equal(ffmpeg.isAlive, false);
  assert.equal((await next).done, true);
  assert.deepEqual([counters.all(), clock.sleeps], [[], []]);
});

Deno.test("LiveSource ends when it is disposed while it opens its input", async () => {
  await using opened = open({ description: "", probed: HANGS, runs: [{}] });
  const { source, ffmpeg } = opened;
  const next = source[Symbol.asyncIterator]().next();
  await waitFor("the process", () => ffmpeg.isAlive);
  await source[Symbol.asyncDispose]();
  assert.equal((await next).done, true);
  assert.deepEqual([ffmpeg.isAlive, ffmpeg.runs], [false, 0]);
});

/** Counts the images that become no frame. */
function countDiscarded() {
  const { discard } = FrameBuilder.prototype;
  const counted = { images: 0 };
  const restored = replaced(
    FrameBuilder.prototype,
    "discard",
    function (this: FrameBuilder, image) {
      counted.images++;
      discard.call(this, image);
    },
  );
  return { counted, [Symbol.dispose]: () => restored[Symbol.dispose]() };
}

Deno.test("LiveSource keeps the newest four frames for a late consumer", async () => {
  using discarding = countDiscarded();
  const { counted } = discarding;
  const ptsUs = Array.from({ length: 10 }, (_, i) => 40_000 * i);
  await using opened = open({ runs: [{ output: nutStream(ptsUs), then: HANGS }] });
  const { source, counters } = opened;
  const numbers: number[] = [];
  const labels = { class: "capture", reason: "consumer_late" };
  for await (const event of source) {
    assert.ok(event.kind === "frame");
    numbers.push(event.frame.sequence);
    event.frame[Symbol.dispose]();
    await waitFor("the other frames", () => counted.images === 5);
    if (numbers.length === 5) break;
  }
  assert.deepEqual(numbers, [0, 6, 7, 8, 9]);
  assert.equal(counters.get("dropped_total", labels), 5);
});

Deno.test("LiveSource drops and counts the backlog that ffmpeg writes at the start", async () => {
  using discarding = countDiscarded();
  const ptsUs = Array.from({ length: 10 }, (_, i) => 40_000 * i);
  await using opened = open({
    intervalUs: 2_000,
    runs: [{ output: nutStream(ptsUs) }, { then: HANGS }],
  });
  const { source, counters } = opened;
  assert.deepEqual((await eventsOf(source, 2))[0], [0, 0, 1]);
  const labels = { class: "capture", reason: "backlog" };
  assert.deepEqual([counters.get("dropped_total", labels), discarding.counted.images], [9, 9]);
});

Deno.test("LiveSource discards the frames that wait when it is disposed", async () => {
  using discarding = countDiscarded();
  const { counted } = discarding;
  const ptsUs = Array.from({ length: 6 }, (_, i) => 40_000 * i);
  await using opened = open({ runs: [{ output: nutStream(ptsUs), then: HANGS }] });
  const { source } = opened;
  const events = source[Symbol.asyncIterator]();
  summaryOf((await events.next()).value as SourceEvent);
  await waitFor("the other frames", () => counted.images === 1);
  await source[Symbol.asyncDispose]();
  assert.equal((await events.next()).done, true);
  assert.equal(counted.images, 5);
});

Deno.test("LiveSource counts a damaged frame, and leaves its number out", async () => {
  const output = nutStream([0, 40_000, 80_000], { damaged: 1 });
  await using opened = open({ runs: [{ output, then: HANGS }] });
  const events = await eventsOf(opened.source, 2) as number[][];
  assert.deepEqual(events.map(([, sequence]) => sequence), [0, 2]);
  assert.equal(opened.counters.get("frames_damaged_total"), 1);
});

Deno.test("LiveSource passes on a failure of its own, unless the consumer has left", async () => {
  const full = new Error("no memory");
  const { allocate } = FrameBuilder.prototype;
  let failures = 0;
  using _allocate = replaced(FrameBuilder.prototype, "allocate", function (this: FrameBuilder, n) {
    if (n !== IMAGE_BYTES) {
      failures++;
      throw full;
    }
    return allocate.call(this, n);
  });
  const output = nutStream([0, 40_000], { damaged: 1 });
  await using reading = open({ runs: [{ output, then: HANGS }] });
  await assert.rejects(eventsOf(reading.source, 2), full);
  await using leaving = open({ runs: [{ output, then: HANGS }] });
  const events = leaving.source[Symbol.asyncIterator]();
  summaryOf((await events.next()).value as SourceEvent);
  await waitFor("the failure", () => failures === 2);
  await events.return();
  assert.equal(leaving.ffmpeg.isAlive, false);
});
