import assert from "node:assert/strict";
import { monotonicUs } from "../../../../src/base/time.ts";
import { FrameBuilder } from "../../../../src/capture/ffmpeg/frame_builder.ts";
import { parseInputInfo } from "../../../../src/capture/ffmpeg/probe.ts";
import { type RecordedOptions, RecordedSource } from "../../../../src/capture/ffmpeg/recorded.ts";
import { type Frame, SourceError } from "../../../../src/capture/frame.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import {
  FAKE_DESCRIPTION,
  FAKE_IMAGE_BYTES,
  fakeFfmpeg,
  type FakeRun,
  nutStream,
} from "../../../support/fake_ffmpeg.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { replaced } from "../../../support/replace.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";

const START_US = 1_000_000;
const KILLED = "kill -KILL $$";
const HANGS = "exec sleep 1000";

/** A clock whose sleeps pass at once. */
class SleepingClock extends SystemClock {
  nowUs = START_US;
  readonly sleepsMs: number[] = [];

  override monotonicUs() {
    return monotonicUs(this.nowUs);
  }

  override sleep(ms: number, _signal?: AbortSignal): Promise<void> {
    this.sleepsMs.push(ms);
    this.nowUs += ms * 1000;
    return Promise.resolve();
  }
}

interface Setup extends Partial<Omit<RecordedOptions, "executable" | "log" | "counters">> {
  readonly runs: readonly FakeRun[];
  readonly description?: string;
}

/** A source whose ffmpeg does what `runs` says. */
function open({ runs, description = FAKE_DESCRIPTION, ...options }: Setup) {
  const ffmpeg = fakeFfmpeg({ runs });
  const clock = new SleepingClock();
  const log = new CollectingLog();
  const counters = new Counters();
  const info = parseInputInfo(description);
  const source = new RecordedSource({ url: "file:clip.avi", info, video: info.video! }, {
    input: "clip.avi",
    executable: ffmpeg.executable,
    transform: "none",
    analysisWidth: 320,
    realtime: false,
    loop: false,
    clock,
    log,
    counters,
    ...options,
  });
  return {
    source,
    ffmpeg,
    clock,
    log,
    counters,
    async [Symbol.asyncDispose]() {
      await source[Symbol.asyncDispose]();
      ffmpeg[Symbol.dispose]();
    },
  };
}

/** Reads the source to its end: the time since the start, the number and the content of each frame. */
async function framesOf(
  source: RecordedSource,
  onFrame: (frame: Frame) => void = () => {},
): Promise<number[][]> {
  const frames: number[][] = [];
  for await (const event of source) {
    assert.ok(event.kind === "frame");
    using frame = event.frame;
    frames.push([frame.timeUs - START_US, frame.sequence, frame.image.y[0]!]);
    onFrame(frame);
  }
  return frames;
}

const refusal = (message: string, hint = "Check that the video plays to its end in ffplay") =>
(
  error: unknown,
) => {
  assert.ok(error instanceof SourceError);
  assert.deepEqual([error.message, error.hint], [message, hint]);
  return true;
};

Deno.test("RecordedSource describes the video, without the password of its URL", async () => {
  const withoutRate = FAKE_DESCRIPTION.replace("25 fps, ", "");
  for (
    const { description, input, expected } of [
      { input: "clip.avi", expected: ["clip.avi: h264 16x16 at 25 fps", 25] },
      { description: withoutRate, input: "a", expected: ["a: h264 16x16", undefined] },
      {
        input: "http://me:secret@host/a",
        expected: ["http://***@host/a: h264 16x16 at 25 fps", 25],
      },
    ]
  ) {
    await using opened = open({ runs: [], input, ...(description && { description }) });
    const { source } = opened;
    assert.deepEqual([source.description, source.nominalFps], expected);
  }
});

Deno.test("RecordedSource at full speed yields every frame with its time, and never waits", async () => {
  await using opened = open({ runs: [{ output: nutStream([400_000, 440_000, 5_520_000]) }] });
  const { source, clock, ffmpeg } = opened;
  const frames = await framesOf(source, () => void (clock.nowUs += 60e6));
  assert.deepEqual(frames, [[0, 0, 1], [40_000, 1, 2], [5_120_000, 2, 3]]);
  assert.deepEqual([clock.sleepsMs, source.realtime, ffmpeg.runs], [[], false, 1]);
});

Deno.test("RecordedSource in real time yields each frame when it is due, to the millisecond", async () => {
  await using opened = open({
    realtime: true,
    runs: [{ output: nutStream([0, 40_000, 40_999, 41_999, 100_000]) }],
  });
  const { source, clock } = opened;
  const yieldedUs: number[] = [];
  const frames = await framesOf(source, () => yieldedUs.push(clock.nowUs - START_US));
  assert.equal(source.realtime, true);
  assert.deepEqual(frames.map(([timeUs]) => timeUs), [0, 40_000, 40_999, 41_999, 100_000]);
  // It does not wait for less than a millisecond.
  assert.deepEqual(yieldedUs, [0, 40_000, 40_000, 41_999, 100_000]);
  assert.deepEqual(clock.sleepsMs, [40, 1.999, 58.001]);
});

Deno.test("RecordedSource in real time drops frames that are more than 2 s late", async () => {
  for (
    const { lateUs, isDropped } of [{ lateUs: 2e6, isDropped: false }, {
      lateUs: 2e6 + 1,
      isDropped: true,
    }]
  ) {
    let discarded = 0;
    const { discard } = FrameBuilder.prototype;
    using _discard = replaced(
      FrameBuilder.prototype,
      "discard",
      function (this: FrameBuilder, image) {
        discarded++;
        discard.call(this, image);
      },
    );
    await using opened = open({
      realtime: true,
      runs: [{ output: nutStream([0, 40_000, 3_000_000]) }],
    });
    const { source, clock, counters } = opened;
    const frames = await framesOf(source, ({ sequence }) => {
      if (sequence === 0) clock.nowUs = START_US + 40_000 + lateUs;
    });
    assert.deepEqual(frames.map(([, sequence]) => sequence), isDropped ? [0, 2] : [0, 1, 2]);
    const labels = { class: "capture", reason: "consumer_late" };
    assert.equal(counters.get("dropped_total", labels), Number(isDropped));
    assert.equal(discarded, Number(isDropped));
  }
});

Deno.test("RecordedSource goes on at the next frame after ffmpeg was killed", async () => {
  let discarded = 0;
  const { discard } = FrameBuilder.prototype;
  using _discard = replaced(
    FrameBuilder.prototype,
    "discard",
    function (this: FrameBuilder, image) {
      discarded++;
      discard.call(this, image);
    },
  );
  await using opened = open({
    runs: [
      { output: nutStream([0, 40_000]), then: KILLED },
      { output: nutStream([0, 40_000, 80_000, 130_000]) },
    ],
  });
  const { source, counters, log } = opened;
  assert.deepEqual(await framesOf(source), [[0, 0, 1], [40_000, 1, 2], [80_000, 2, 3], [
    130_000,
    3,
    4,
  ]]);
  assert.equal(discarded, 2, "the images that were read again");
  assert.equal(counters.get("source_restarts_total"), 1);
  assert.deepEqual(log.lines.length, 1);
  assert.match(log.lines[0]!, /Restarted ffmpeg.*ffmpeg was terminated by SIGKILL/);
  assert.match(log.lines[0]!, /frame=2\b/);
});

Deno.test("RecordedSource gives up after three restarts without a new frame", async () => {
  const nothing = { output: nutStream([]), then: KILLED };
  await using opened = open({ runs: [nothing] });
  await assert.rejects(
    framesOf(opened.source),
    refusal("Cannot read clip.avi: ffmpeg was terminated by SIGKILL"),
  );
  assert.deepEqual([opened.ffmpeg.runs, opened.counters.get("source_restarts_total")], [4, 3]);
});

Deno.test("RecordedSource counts the restarts anew after each new frame", async () => {
  const nothing = { output: nutStream([]), then: KILLED };
  const one = { output: nutStream([0]), then: KILLED };
  const two = { output: nutStream([0, 40_000]), then: KILLED };
  // A frame that is read again is not new.
  await using opened = open({ runs: [one, nothing, one, two, two, nothing] });
  const { source, ffmpeg, counters } = opened;
  await assert.rejects(
    framesOf(source),
    refusal("Cannot read clip.avi: after 2 frames: ffmpeg was terminated by SIGKILL"),
  );
  assert.deepEqual([ffmpeg.runs, counters.get("source_restarts_total")], [7, 6]);
});

Deno.test("RecordedSource does not restart ffmpeg after an error that would come again", async () => {
  const cut = nutStream([0, 40_000]).slice(0, -1);
  const reason = "file:clip.avi: Invalid data found";
  for (
    const { run, message } of [
      { run: { then: `echo '${reason}' >&2; exit 1` }, message: "Invalid data found" },
      { run: {}, message: "ffmpeg gave no reason" },
      { run: { output: nutStream([]) }, message: "ffmpeg gave no reason" },
      {
        run: { output: nutStream([0]), then: `echo '${reason}' >&2; exit 1` },
        message: "after 1 frames: Invalid data found",
      },
      { run: { output: cut }, message: "after 1 frames: ffmpeg gave no reason" },
    ]
  ) {
    await using opened = open({ runs: [run] });
    await assert.rejects(framesOf(opened.source), refusal(`Cannot read clip.avi: ${message}`));
    assert.deepEqual([opened.ffmpeg.runs, opened.log.lines], [1, []]);
  }
});

Deno.test("RecordedSource plays a video of one frame, with the timestamps of its file", async () => {
  const description = FAKE_DESCRIPTION.replace("avi", "mpjpeg");
  await using opened = open({ description, runs: [{ output: nutStream([40_000]) }] });
  assert.deepEqual(await framesOf(opened.source), [[0, 0, 1]]);
  // They would be those of the arrival if it were a live stream.
  assert.equal(opened.ffmpeg.arguments.includes("-use_wallclock_as_timestamps"), false);
});

Deno.test("RecordedSource counts a damaged frame, and leaves its number out", async () => {
  await using opened = open({
    runs: [{ output: nutStream([0, 40_000, 80_000], { damaged: 1 }) }],
  });
  assert.deepEqual(await framesOf(opened.source), [[0, 0, 1], [80_000, 2, 3]]);
  assert.equal(opened.counters.get("frames_damaged_total"), 1);
});

Deno.test("RecordedSource takes the times that it was given instead of those of the video", async () => {
  const runs = [{ output: nutStream([0, 40_000, 80_000]) }];
  await using opened = open({ runs, times: [0, 33_500, 70_000] });
  const frames = await framesOf(opened.source);
  assert.deepEqual(frames.map(([timeUs]) => timeUs), [0, 33_500, 70_000]);
  await using short = open({ runs, times: [0, 33_500], input: "http://me:secret@host/a" });
  await assert.rejects(
    framesOf(short.source),
    refusal(
      "Cannot time http://***@host/a: the file of frame times ends after 2 frames",
      "Write one line per frame of the video",
    ),
  );
});

Deno.test("RecordedSource in a loop goes on with increasing times and numbers until it is closed", async () => {
  await using opened = open({ loop: true, runs: [{ output: nutStream([400_000, 440_000]) }] });
  const { source, ffmpeg } = opened;
  const frames = await framesOf(source, ({ sequence }) => {
    if (sequence === 4) source[Symbol.asyncDispose]();
  });
  assert.deepEqual(frames, [
    [0, 0, 1],
    [40_000, 1, 2],
    [80_000, 2, 1],
    [120_000, 3, 2],
    [160_000, 4, 1],
  ]);
  assert.equal(ffmpeg.runs, 3);
});

Deno.test("RecordedSource ends ffmpeg when it is disposed, and so the iteration", async () => {
  await using opened = open({ loop: true, runs: [{ output: nutStream([0]), then: HANGS }] });
  const { source, ffmpeg, counters, log } = opened;
  const events = source[Symbol.asyncIterator]();
  await events.next();
  const next = events.next();
  assert.equal(ffmpeg.isAlive, true);
  await source[Symbol.asyncDispose]();
  assert.equal(ffmpeg.isAlive, false);
  assert.equal((await next).done, true);
  assert.equal((await events.next()).done, true);
  assert.deepEqual([ffmpeg.runs, counters.get("source_restarts_total"), log.lines], [1, 0, []]);
});

Deno.test("RecordedSource starts nothing after it was disposed", async () => {
  await using opened = open({ runs: [{ output: nutStream([0]) }] });
  await opened.source[Symbol.asyncDispose]();
  assert.deepEqual(await framesOf(opened.source), []);
  assert.equal(opened.ffmpeg.runs, 0);
});

Deno.test("RecordedSource disposes of a frame for which it waited until it was closed", async () => {
  await using opened = open({
    realtime: true,
    runs: [{ output: nutStream([0, 5e6]), then: HANGS }],
  });
  const { source, clock } = opened;
  const sleeping = Promise.withResolvers<void>();
  clock.sleep = (ms, signal) => {
    clock.sleepsMs.push(ms);
    sleeping.resolve();
    return new Promise((resolve) => signal?.addEventListener("abort", () => resolve()));
  };
  let disposed = 0;
  const { build } = FrameBuilder.prototype;
  using _build = replaced(
    FrameBuilder.prototype,
    "build",
    async function (this: FrameBuilder, ...args) {
      const frame = (await build.apply(this, args))!;
      const dispose = frame[Symbol.dispose];
      return Object.assign(frame, { [Symbol.dispose]: () => (disposed++, dispose()) });
    },
  );
  const frames = framesOf(source);
  await sleeping.promise;
  await source[Symbol.asyncDispose]();
  assert.deepEqual(await frames, [[0, 0, 1]]);
  assert.deepEqual([disposed, clock.sleepsMs], [2, [5000]]);
});

Deno.test("RecordedSource restarts ffmpeg that wrote nothing for 15 s", async () => {
  using timers = new HeldTimers();
  using time = new ManualPerformance();
  await using opened = open({
    runs: [{ output: nutStream([0]), then: HANGS }, { output: nutStream([0, 40_000]) }],
  });
  const { source, ffmpeg, log } = opened;
  const events = source[Symbol.asyncIterator]();
  await events.next();
  const next = events.next();
  await new Promise((resolve) => setTimeout(resolve, 0)); // the output is read again
  time.advance(14_900);
  timers.advance(200);
  assert.equal(ffmpeg.isAlive, true);
  time.advance(200);
  timers.advance(200);
  const event = (await next).value;
  assert.ok(event?.kind === "frame");
  assert.equal(event.frame.sequence, 1);
  assert.match(log.lines.join(), /no frame for 15\.0 s/);
  await events.return();
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("RecordedSource uses the memory of a frame again after it was disposed", async () => {
  await using opened = open({ runs: [{ output: nutStream([0, 40_000, 80_000]) }] });
  const memories = new Set<ArrayBufferLike>();
  const frames = await framesOf(opened.source, ({ image }) => {
    assert.equal(image.y.buffer.byteLength, FAKE_IMAGE_BYTES);
    memories.add(image.y.buffer);
  });
  assert.deepEqual([frames.length, memories.size], [3, 1]);
});
