import assert from "node:assert/strict";
import { nativeMonotonicUs } from "../../../../ffi/library.ts";
import type { SourceEvent } from "../../../../src/capture/frame.ts";
import { SourceError } from "../../../../src/capture/frame.ts";
import type { LibcameraSourceOptions } from "../../../../src/capture/libcamera/options.ts";
import { LibcameraSource } from "../../../../src/capture/libcamera/source.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { patternJpegs } from "../../../support/camera_recording.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { fakeRpicam, type FakeRun } from "../../../support/fake_rpicam.ts";
import { waitFor } from "../../../support/wait.ts";
import { paddedFrame, type VidField, vidStream } from "../../../support/vid_stream.ts";

const SIZE = { width: 64, height: 32 };
const FPS = 100;
/** What libcamera prints when it is configured. */
const logOf = ({ width, height }: { width: number; height: number }) =>
  `[0:01:02.3] [7]  INFO Camera camera.cpp:1215 configuring streams: (0) ${width}x${height}-YUV420/sYCC\n`;
/** A run that stays alive without further output, until it is killed. */
const SILENT = "exec sleep 60";

/** Fields of a frame that was captured `agoMs` ago. */
function fieldsOf(agoMs: number, more: readonly VidField[] = []): VidField[] {
  return [["SensorTimestamp", Math.round((nativeMonotonicUs() - agoMs * 1000) * 1000)], ...more];
}

/**
 * A run that writes `count` frames, whose samples are their numbers from 1 on.
 *
 * @param options.agoMs age of the newest frame: that of a later run is younger
 */
function rawRun(
  { count = 3, agoMs = 10, size = SIZE, stride = 64, more = [], ...run }: FakeRun & {
    count?: number;
    agoMs?: number;
    size?: typeof SIZE;
    stride?: number;
    more?: readonly VidField[];
  } = {},
): FakeRun {
  const frames = Array.from({ length: count }, (_, i) => ({
    frame: paddedFrame({ ...size, stride, values: [i + 1, i + 101, i + 201] }),
    fields: fieldsOf(agoMs + 10 * (count - 1 - i), more),
  }));
  return { output: vidStream(frames), log: logOf(size), ...run };
}

/** A clock whose pauses between attempts end at once. */
class ImpatientClock extends SystemClock {
  readonly pauses: number[] = [];

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.pauses.push(ms);
    await super.sleep(0, signal);
  }
}

/** Plays the runs of a program and returns the events until `isEnough`. */
async function play(
  runs: readonly FakeRun[],
  isEnough: (events: readonly SourceEvent[], source: LibcameraSource) => boolean,
  options: Partial<LibcameraSourceOptions> = {},
) {
  using program = fakeRpicam({ runs });
  const clock = new ImpatientClock();
  const counters = new Counters();
  const log = new CollectingLog();
  const source = new LibcameraSource({
    ...SIZE,
    index: 0,
    fps: FPS,
    format: "raw",
    transform: "none",
    powerLine: "auto",
    analysisWidth: 320,
    jpegQuality: 80,
    clock,
    counters,
    log,
    ...options,
  });
  await using _closed = source;
  const events: SourceEvent[] = [];
  for await (const event of source) {
    events.push(event);
    if (isEnough(events, source)) break;
  }
  const frames = events.flatMap((event) => event.kind === "frame" ? [event.frame] : []);
  const result = { events, frames, counters, log, pauses: clock.pauses };
  return { ...result, arguments: program.arguments, description: source.description };
}

const kindsOf = (events: readonly SourceEvent[]) => events.map(({ kind }) => kind).join(" ");
const isDisconnected = (events: readonly SourceEvent[]) => events.at(-1)?.kind === "disconnected";

Deno.test("LibcameraSource yields raw frames with the stride and the times of the camera", async () => {
  for (const stride of [64, 128]) {
    const { events, frames, description } = await play(
      [rawRun({ stride, then: SILENT })],
      (all) => all.length === 4,
    );
    assert.equal(kindsOf(events), "connected frame frame frame");
    for (const [i, { image, width, height, sequence }] of frames.entries()) {
      assert.deepEqual([width, height, sequence], [64, 32, i]);
      assert.deepEqual([image.yStride, image.uvStride], [stride, stride / 2]);
      assert.deepEqual(image.color, { range: "full", matrix: "bt601" });
      const samples = [
        image.y[0],
        image.y[stride * 31 + 63],
        image.u![0],
        image.v!.at(-1 - stride / 4),
      ];
      if (stride === 64) assert.deepEqual(samples, [i + 1, i + 1, i + 101, i + 201]);
      else assert.deepEqual(samples.slice(0, 3), [i + 1, i + 1, i + 101]);
      const steps = i === 0 ? 10_000 : frames[i]!.timeUs - frames[i - 1]!.timeUs;
      assert.ok(Math.abs(steps - 10_000) < 5_000, `${steps}`);
    }
    assert.match(description, /^libcamera: YUV420 64x32 at 100 fps \(camera 0\)$/);
  }
});

Deno.test("LibcameraSource requests an aligned size, and uses the one that libcamera grants", async () => {
  const granted = { width: 128, height: 64 };
  const { frames, arguments: argv, description } = await play(
    [rawRun({ size: granted, stride: 128, then: SILENT })],
    (events) => events.length === 2,
    { width: 200, height: 101 },
  );
  assert.match(argv[0]!, /--width 192 --height 100 /);
  assert.deepEqual([frames[0]!.width, frames[0]!.height], [128, 64]);
  assert.match(description, /128x64/);
});

Deno.test("LibcameraSource passes JPEGs of rpicam-vid on, and decodes them", async () => {
  const [jpeg] = await patternJpegs({ count: 1 });
  const damaged = jpeg!.slice();
  damaged[jpeg!.indexOf(0xc0) + 3] = 99; // precision of the frame header
  const output = vidStream([jpeg!, damaged, jpeg!].map((frame, i) => ({
    frame,
    fields: fieldsOf(30 - 10 * i),
  })));
  const { frames, counters, arguments: argv } = await play(
    [{ output, log: logOf({ width: 642, height: 480 }), then: SILENT }],
    (events) => events.length === 3,
    { format: "jpeg", width: 642, height: 480, analysisWidth: 160 },
  );
  assert.match(argv[0]!, /--width 642 --height 480 .*--codec mjpeg --quality 80/);
  for (const frame of frames) {
    assert.deepEqual(frame.jpeg, jpeg);
    assert.deepEqual([frame.width, frame.image.width], [640, 160]);
  }
  assert.equal(counters.get("camera_frames_lost_total", { reason: "damaged" }), 1);
});

Deno.test("LibcameraSource refuses to start without a camera, with what to do", async () => {
  const cases: [FakeRun, RegExp][] = [
    [{ then: "echo 'ERROR: *** no cameras available ***' >&2; exit 255" }, /finds no camera/],
    [{ then: "echo \"unrecognised option '--metadata'\" >&2; exit 255" }, /too old/],
    [{ then: "kill -SEGV $$" }, /terminated by SIGSEGV/],
    [{ then: "exit 0" }, /ended without a message/],
    [
      { output: new Uint8Array(200_000), then: SILENT },
      /unexpected stream: the frames are not 64x32/,
    ],
  ];
  for (const [run, expected] of cases) {
    await assert.rejects(play([run], () => false), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(`${error.message}: ${error.hint}`, expected);
      return true;
    });
  }
});

Deno.test("LibcameraSource reports that rpicam-vid is not installed", async () => {
  using _program = fakeRpicam({ name: "another-program" });
  await using source = new LibcameraSource({
    ...SIZE,
    index: 0,
    fps: FPS,
    format: "raw",
    transform: "none",
    powerLine: "auto",
    analysisWidth: 320,
    jpegQuality: 80,
  });
  await assert.rejects(source[Symbol.asyncIterator]().next(), /rpicam-vid: it is not installed/);
});

Deno.test("LibcameraSource starts rpicam-vid again after it ended, less and less often", async () => {
  const failing = { then: "echo 'ERROR: *** no cameras available ***' >&2; exit 255" };
  const { events, frames, counters, pauses, log } = await play(
    [rawRun({ agoMs: 500, then: "exit 1" }), failing, failing, rawRun({ then: SILENT })],
    (all) => kindsOf(all).endsWith("connected frame frame frame") && all.length > 5,
  );
  assert.equal(
    kindsOf(events),
    "connected frame frame frame disconnected connected frame frame frame",
  );
  assert.deepEqual(pauses, [500, 1_000, 2_000]);
  assert.equal(counters.get("source_restarts_total"), 3);
  assert.equal(log.linesWith("finds no camera").length, 1);
  const sequences = frames.map(({ sequence }) => sequence);
  assert.deepEqual(sequences, [0, 1, 2, 3, 4, 5]);
  for (const [i, { timeUs }] of frames.entries()) {
    if (i > 0) assert.ok(timeUs > frames[i - 1]!.timeUs);
  }
});

Deno.test("LibcameraSource reports a damaged stream as a disconnection", async () => {
  const broken = rawRun({ count: 2 });
  const output = Uint8Array.from([...broken.output!, ...new Uint8Array(64).fill(120)]);
  const { events } = await play([{ ...broken, output, then: SILENT }], isDisconnected);
  const last = events.at(-1);
  assert.ok(last?.kind === "disconnected");
  assert.match(last.reason, /unexpected stream: an object does not end as expected/);
});

Deno.test("LibcameraSource reports silence, and kills the silent program", async () => {
  const { events } = await play([rawRun({ then: SILENT })], isDisconnected);
  const last = events.at(-1);
  assert.ok(last?.kind === "disconnected");
  assert.match(last.reason, /no frame for 2\.0 s/);
});

const CONTROLS: readonly VidField[] = [
  ["ExposureTime", 9_980],
  ["AnalogueGain", 1.5],
  ["ColourGains", "[ 1.250000, 2.500000 ]"],
];

Deno.test("LibcameraSource locks and unlocks by restarts that are no disconnections", async () => {
  const runs = [900, 500, 10].map((agoMs) => rawRun({ agoMs, more: CONTROLS, then: SILENT }));
  const { events, arguments: argv } = await play(runs, (all, source) => {
    if (all.length === 4) {
      source.lockExposure();
      source.lockExposure(); // a second time does nothing
      assert.ok(source.exposureLocked);
    }
    if (all.length === 7) {
      source.unlockExposure();
      source.unlockExposure();
      assert.ok(!source.exposureLocked);
    }
    return all.length === 10;
  });
  assert.ok(!kindsOf(events).includes("disconnected"), kindsOf(events));
  const lock = / --shutter 9980 --gain 1\.5 --awbgains 1\.25,2\.5$/;
  assert.deepEqual(argv.map((line) => lock.test(line)), [false, true, false]);
});

Deno.test("LibcameraSource does not lock a camera that reports no exposure", async () => {
  const { arguments: argv } = await play([rawRun({ then: SILENT })], (all, source) => {
    source.lockExposure();
    assert.ok(!source.exposureLocked);
    return all.length === 4;
  });
  assert.equal(argv.length, 1);
});

Deno.test("LibcameraSource gives up a lock with which the camera does not start", async () => {
  const refused = { then: "echo 'ERROR: *** bad value ***' >&2; exit 255" };
  const [first, last] = [500, 10].map((agoMs) => rawRun({ agoMs, more: CONTROLS, then: SILENT }));
  const { events, arguments: argv } = await play([first!, refused, last!], (all, source) => {
    if (all.length === 4) source.lockExposure();
    return kindsOf(all).endsWith("disconnected connected frame");
  });
  assert.match(kindsOf(events), /^connected frame frame frame disconnected connected frame$/);
  assert.deepEqual(argv.map((line) => line.includes("--shutter")), [false, true, false]);
});

Deno.test("LibcameraSource drops the oldest frames for a late consumer, and counts them", async () => {
  using _program = fakeRpicam({ runs: [rawRun({ count: 20, then: SILENT })] });
  const counters = new Counters();
  await using source = new LibcameraSource({
    ...SIZE,
    index: 0,
    fps: FPS,
    format: "raw",
    transform: "none",
    powerLine: "auto",
    analysisWidth: 320,
    jpegQuality: 80,
    counters,
  });
  const events = source[Symbol.asyncIterator]();
  await events.next();
  const dropped = () =>
    counters.get("dropped_total", { class: "capture", reason: "consumer_late" });
  await waitFor("dropped frames", () => dropped() >= 15);
  const { value } = await events.next();
  assert.ok(value?.kind === "frame");
  assert.ok(dropped() <= 19);
});
