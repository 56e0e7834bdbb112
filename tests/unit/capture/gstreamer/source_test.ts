import assert from "node:assert/strict";
import {
  NativePipeline,
  type PipelineFrame,
  type PipelineRead,
} from "../../../../ffi/gstreamer.ts";
import { NativeError, nativeMonotonicUs } from "../../../../ffi/library.ts";
import { SourceError, type SourceEvent } from "../../../../src/capture/frame.ts";
import { checkPipeline, GstreamerSource } from "../../../../src/capture/gstreamer/source.ts";
import { SystemClock } from "../../../../src/telemetry/clock.ts";
import { Counters } from "../../../../src/telemetry/counters.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { gradientImage } from "../../../support/gradient_image.ts";
import { replaced } from "../../../support/replace.ts";

class ImpatientClock extends SystemClock {
  readonly pauses: number[] = [];

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.pauses.push(ms);
    await super.sleep(0, signal);
  }
}

/** What a fake pipeline returns: a frame by its time in milliseconds, or a failure. */
type Step =
  | number
  | { readonly ms: number; readonly jpeg?: string; isTimed?: boolean }
  | PipelineRead;

/** Plays pipelines, of which the n-th returns the n-th list of steps, or does not open. */
async function play(
  pipelines: readonly (readonly Step[] | NativeError)[],
  isEnough: (events: readonly SourceEvent[]) => boolean,
) {
  const startUs = nativeMonotonicUs();
  const seen = { opened: 0, closed: 0, disposed: 0, timeouts: [] as number[] };
  using _open = replaced(NativePipeline, "open", () => {
    const steps = pipelines[Math.min(seen.opened++, pipelines.length - 1)]!;
    if (steps instanceof NativeError) return Promise.reject(steps);
    const rest = [...steps];
    return Promise.resolve({
      next: (timeoutMs: number) => {
        seen.timeouts.push(timeoutMs);
        return Promise.resolve(readOf(rest.shift() ?? { state: "failed", reason: "it ended" }));
      },
      stop() {},
      [Symbol.asyncDispose]: () => Promise.resolve(void seen.closed++),
    } as unknown as NativePipeline);
  });
  const readOf = (step: Step): PipelineRead => {
    if (typeof step === "object" && "state" in step) return step;
    const { ms, jpeg, isTimed = true } = typeof step === "number" ? { ms: step } : step;
    const frame: PipelineFrame = {
      ...jpeg === undefined
        ? { image: { ...gradientImage(64, 48), fullWidth: 64, fullHeight: 48 } }
        : { jpeg: new TextEncoder().encode(jpeg) },
      timeUs: startUs + ms * 1000,
      isTimed,
      fps: 25,
      [Symbol.dispose]: () => void seen.disposed++,
    };
    return { state: "frame", frame };
  };
  const clock = new ImpatientClock();
  const counters = new Counters();
  const log = new CollectingLog();
  await using source = new GstreamerSource({
    pipeline: "a location=rtsp://cam/1?token=secret ! appsink",
    fps: 30,
    analysisWidth: 320,
    clock,
    counters,
    log,
  });
  const events: SourceEvent[] = [];
  for await (const event of source) {
    events.push(event);
    if (event.kind === "frame") event.frame[Symbol.dispose]();
    if (isEnough(events)) break;
  }
  return { events, counters, log, seen, pauses: clock.pauses, source };
}

const kindsOf = (events: readonly SourceEvent[]) => events.map(({ kind }) => kind).join(" ");

Deno.test("GstreamerSource yields frames in order with their times, and its description", async () => {
  const { events, seen, source } = await play([[0, 40, 80]], (all) => all.length === 4);
  assert.equal(kindsOf(events), "connected frame frame frame");
  const frames = events.flatMap((event) => event.kind === "frame" ? [event.frame] : []);
  assert.deepEqual(frames.map(({ sequence }) => sequence), [0, 1, 2]);
  assert.deepEqual(frames.map(({ timeUs }) => timeUs - frames[0]!.timeUs), [0, 40_000, 80_000]);
  assert.deepEqual([seen.closed, seen.disposed], [1, 3]);
  assert.deepEqual(seen.timeouts, [15_000, 2_000, 2_000]);
  assert.equal(source.nominalFps, 25);
  assert.doesNotMatch(source.description, /secret/);
});

Deno.test("GstreamerSource refuses a pipeline that does not start or delivers nothing", async () => {
  const cases: [readonly Step[] | NativeError, RegExp][] = [
    [new NativeError("libgstreamer-1.0.so.0: no such file", "no_device"), /use GStreamer.*apt-get/],
    [new NativeError('no element "x"', "argument"), /no element "x": .*gst-launch-1\.0/],
    [new NativeError("an element does not start", "system"), /does not start: Try/],
    [[], /it ended/],
    [[{ state: "timeout" }], /no frame for 15\.0 s/],
  ];
  for (const [pipeline, expected] of cases) {
    await assert.rejects(play([pipeline], () => false), (error) => {
      assert.ok(error instanceof SourceError);
      assert.match(`${error.message}: ${error.hint}`, expected);
      return true;
    });
  }
});

Deno.test("GstreamerSource starts the pipeline again, less and less often", async () => {
  const broken = new NativeError("it is busy", "system");
  const { events, pauses, log, counters, seen } = await play(
    [[0, 40], broken, broken, [200]],
    (all) => all.length === 6,
  );
  assert.equal(kindsOf(events), "connected frame frame disconnected connected frame");
  assert.deepEqual(pauses, [500, 1_000, 2_000]);
  assert.equal(log.linesWith("it is busy").length, 1);
  assert.equal(counters.get("source_restarts_total"), 3);
  assert.equal(seen.closed, 2);
});

Deno.test("GstreamerSource reports a pipeline that falls silent", async () => {
  const { events } = await play([[0, { state: "timeout" }], [200]], (all) => all.length === 5);
  assert.equal(kindsOf(events), "connected frame disconnected connected frame");
  const lost = events[2]!;
  assert.ok(lost.kind === "disconnected");
  assert.match(lost.reason, /no frame for 2\.0 s/);
});

Deno.test("GstreamerSource drops frames that are not later than the one before, and counts them", async () => {
  const { counters, seen } = await play([[40, 40, 0, 80]], (all) => all.length === 3);
  assert.equal(counters.get("camera_frames_lost_total", { reason: "untimed" }), 2);
  assert.equal(seen.disposed, 4);
});

Deno.test("GstreamerSource counts the frames that are missing, but not those between two runs", async () => {
  const { events, counters } = await play([[0, 59, 120], [900, 940]], (all) => all.length === 8);
  const sequences = events.flatMap((event) => event.kind === "frame" ? [event.frame.sequence] : []);
  assert.deepEqual(sequences, [0, 1, 3, 4, 5]);
  assert.equal(counters.get("camera_frames_lost_total", { reason: "lost" }), 1);
});

Deno.test("GstreamerSource counts frames that are stamped with their arrival", async () => {
  const { counters } = await play([[{ ms: 0, isTimed: false }, 40]], (all) => all.length === 3);
  assert.equal(counters.get("camera_arrival_times_total"), 1);
});

Deno.test("GstreamerSource drops damaged JPEGs", async () => {
  const { counters, seen } = await play(
    [[{ ms: 0, jpeg: "no JPEG" }, 40]],
    (all) => all.length === 2,
  );
  assert.equal(counters.get("camera_frames_lost_total", { reason: "damaged" }), 1);
  assert.equal(seen.disposed, 2);
});

Deno.test("checkPipeline() converts the error of a pipeline", async () => {
  using _check = replaced(
    NativePipeline,
    "check",
    () => Promise.reject(new NativeError("no element", "argument")),
  );
  await assert.rejects(checkPipeline("x"), /Cannot read the pipeline of GStreamer: no element/);
});
