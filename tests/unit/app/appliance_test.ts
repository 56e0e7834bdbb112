import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import assert from "node:assert/strict";
import { Appliance, type ApplianceOptions } from "../../../src/app/appliance.ts";
import type { Frame, FrameSource, SourceEvent } from "../../../src/capture/frame.ts";
import { Recording } from "../../../src/control/recording.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FramePacing } from "../../../src/frames/pacing.ts";
import { FrameOutput } from "../../../src/frames/frame_output.ts";
import { Bus, type Sink } from "../../../src/delivery/bus.ts";
import type { Message } from "../../../src/envelopes/message.ts";
import type { Clock } from "../../../src/telemetry/clock.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { Health } from "../../../src/telemetry/health.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import type { RegionSample } from "../../../src/vision/region_sample.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { heapInUse } from "../../support/heap.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { gradientImage } from "../../support/gradient_image.ts";
import { goodSample } from "../../support/samples.ts";

const OPTIONS: ApplianceOptions = {
  bufferDurationS: 0.2,
  edgeMetrics: true,
  metricsOnlyWhileRecording: false,
  lockExposure: false,
};

/** Keeps the sequence of statuses, and nothing else. */
class StatusSink implements Sink {
  readonly framesWanted = true;
  readonly statuses: string[] = [];

  offer(message: Message) {
    if (message.kind !== "metric" || message.envelope.type !== "status") return;
    const { name } = message.envelope.payload;
    if (this.statuses.at(-1) !== name) this.statuses.push(name);
  }
}

function sourceOf(events: () => AsyncIterator<SourceEvent>): FrameSource & { closed: boolean } {
  return {
    description: "fake source",
    realtime: true,
    closed: false,
    [Symbol.asyncIterator]: events,
    [Symbol.asyncDispose]() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}

function applianceOf(source: FrameSource, samples = faceSamples({ seconds: 1e6 })) {
  const sink = new StatusSink();
  const context = {
    bus: new Bus([sink]),
    clock: new ManualClock(),
    counters: new Counters(),
    health: new Health(new ManualClock()),
    log: silentLog,
  };
  const envelopes = new EnvelopeFactory(context.clock);
  const observe = () => samples.next().value!;
  const appliance = new Appliance({
    ...context,
    source,
    envelopes,
    vision: { observe, observeInOrder: () => Promise.resolve(observe()) },
    engine: createVitalsEngine(),
    recording: new Recording(),
    frames: new FrameOutput({
      ...context,
      envelopes,
      shrinker: { shrink: () => Promise.resolve(undefined) },
      encoder: {
        encode: () => Promise.resolve(new Uint8Array(1000)),
        async [Symbol.asyncDispose]() {},
      },
      pacing: new FramePacing({ policy: "always" }),
    }),
  }, OPTIONS);
  return { appliance, sink };
}

const image = gradientImage(64, 48);

function frameAt(sequence: number): Frame {
  return {
    timeUs: monotonicUs(Math.round(sequence * 1e6 / 30)),
    sequence,
    width: 64,
    height: 48,
    image,
    [Symbol.dispose]() {},
  };
}

Deno.test("Appliance retains no memory of processed frames", async () => {
  const FRAMES = 9_000;
  const heap: number[] = [];
  const source = sourceOf(async function* () {
    for (let sequence = 0; sequence <= 2 * FRAMES; sequence++) {
      // The rings of samples are full and the code is compiled after the first half.
      if (sequence % FRAMES === 0) heap.push(heapInUse());
      yield { kind: "frame", frame: frameAt(sequence) };
    }
  });
  await applianceOf(source).appliance.run(new AbortController().signal);
  const bytesPerFrame = (heap[2]! - heap[1]!) / FRAMES;
  assert.ok(bytesPerFrame < 20, `${bytesPerFrame.toFixed(0)} bytes are retained per frame`);
});

Deno.test("Appliance.run() ends on its signal while the source delivers nothing", async () => {
  const stop = new AbortController();
  const source = sourceOf(() => ({
    next() {
      queueMicrotask(() => stop.abort());
      return new Promise<never>(() => {});
    },
  }));
  const { appliance, sink } = applianceOf(source);
  await appliance.run(stop.signal);
  assert.ok(source.closed);
  assert.equal(sink.statuses.at(-1), "STOPPING");
});

Deno.test("Appliance.run() reads no source if its signal has aborted before", async () => {
  const source = sourceOf(() => ({ next: () => Promise.reject(new Error("opened")) }));
  await applianceOf(source).appliance.run(AbortSignal.abort());
  assert.ok(source.closed);
});

Deno.test("Appliance.run() rejects with the error of its source, and closes it", async () => {
  const source = sourceOf(() => ({ next: () => Promise.reject(new Error("no such camera")) }));
  const { appliance } = applianceOf(source);
  await assert.rejects(appliance.run(new AbortController().signal), /no such camera/);
  assert.ok(source.closed);
});

/** What a scripted run has done so far, and the time, which only the script advances. */
interface ScriptedRun {
  /** Advances the clock; microseconds are the smallest step. */
  advance(ms: number): void;
  /** An event with a frame that is captured now. */
  frame(): SourceEvent;
  /** What the appliance does every 100 ms. */
  tick(): void;
  readonly recording: Recording;
  readonly counters: Counters;
  /** Envelopes since the last call, each as its type and its time in milliseconds. */
  published(type?: string): [string, number][];
  /** Names of the statuses since the last call. */
  statuses(): string[];
  readonly seen: {
    frames: number;
    disposed: number;
    locks: number;
    unlocks: number;
    intervalMs: number | undefined;
  };
  /** Passed on as `Sink.problem`. */
  problem: string | undefined;
}

/** Runs an appliance on a source that yields the events of `script`, and returns the run. */
async function runScript(
  script: (run: ScriptedRun) => Iterable<SourceEvent>,
  { options = {}, realtime = true, observe = (sample) => sample }: {
    options?: Partial<ApplianceOptions>;
    realtime?: boolean;
    observe?: (sample: RegionSample) => RegionSample;
  } = {},
): Promise<ScriptedRun> {
  let nowUs = 1_000_000;
  let messages: Message[] = [];
  const statuses: string[] = [];
  let tick = () => {};
  const clock: Clock = {
    monotonicUs: () => monotonicUs(nowUs),
    epochUs: (time) => epochUs(time),
    sleep: () => Promise.resolve(),
  };
  const run: ScriptedRun = {
    advance: (ms) => void (nowUs = Math.round(nowUs + ms * 1000)),
    frame() {
      const frame: Frame = {
        ...frameAt(run.seen.frames++),
        timeUs: monotonicUs(nowUs),
        jpeg: new Uint8Array(4), // published at once, without compression
        [Symbol.dispose]: () => void run.seen.disposed++,
      };
      return { kind: "frame", frame };
    },
    tick: () => tick(),
    recording: new Recording(),
    counters: new Counters(),
    published(type) {
      const taken = messages.filter((message) => type === undefined || message.topic === type);
      messages = messages.filter((message) => !taken.includes(message));
      return taken.map(({ topic, timestamp }) => [topic, (timestamp - 1_000_000) / 1000]);
    },
    statuses: () => statuses.splice(0),
    seen: { frames: 0, disposed: 0, locks: 0, unlocks: 0, intervalMs: undefined },
    problem: undefined,
  };
  const sink: Sink = {
    framesWanted: true,
    get problem() {
      return run.problem;
    },
    offer(message) {
      messages.push(message);
      if (message.kind === "frame" || message.envelope.type !== "status") return;
      statuses.push(message.envelope.payload.name);
    },
  };
  const source: FrameSource = {
    ...sourceOf(async function* () {
      yield* script(run);
    }),
    realtime,
    lockExposure: () => void run.seen.locks++,
    unlockExposure: () => void run.seen.unlocks++,
  };
  const sampleOf = ({ timeUs, sequence }: Frame) => observe(goodSample({ timeUs, sequence }));
  const context = { bus: new Bus([sink]), clock, counters: run.counters, log: silentLog };
  const envelopes = new EnvelopeFactory(clock);
  const appliance = new Appliance({
    ...context,
    source,
    envelopes,
    health: new Health(clock),
    vision: { observe: sampleOf, observeInOrder: (frame) => Promise.resolve(sampleOf(frame)) },
    engine: createVitalsEngine(),
    recording: run.recording,
    frames: new FrameOutput({
      ...context,
      envelopes,
      shrinker: { shrink: () => Promise.resolve(undefined) },
      encoder: {
        encode: () => Promise.resolve(new Uint8Array(1)),
        async [Symbol.asyncDispose]() {},
      },
      pacing: new FramePacing({ policy: "always" }),
    }),
  }, { ...OPTIONS, ...options });
  const { setInterval } = globalThis;
  globalThis.setInterval = ((callback: () => void, ms: number) => {
    tick = callback;
    run.seen.intervalMs = ms;
    return setInterval(() => {}, 1_000_000);
  }) as typeof setInterval;
  const ended = appliance.run(new AbortController().signal);
  globalThis.setInterval = setInterval;
  await ended;
  return run;
}

/** Runs an appliance on frames at these times in milliseconds; returns those of core metrics. */
async function coreTimes(framesMs: readonly number[], bufferDurationS = 0.2): Promise<number[]> {
  const run = await runScript(function* ({ advance, frame }) {
    let nowMs = 0;
    for (const ms of framesMs) {
      advance(ms - nowMs);
      nowMs = ms;
      yield frame();
    }
  }, { options: { bufferDurationS } });
  return run.published("core_metrics").map(([, ms]) => ms);
}

Deno.test("Appliance publishes core metrics on a fixed grid of the buffer duration", async () => {
  const every30Ms = Array.from({ length: 41 }, (_, i) => i * 30);
  assert.deepEqual(await coreTimes(every30Ms), [0, 210, 420, 600, 810, 1020, 1200]);
  assert.deepEqual(await coreTimes(every30Ms, 0.5), [0, 510, 1020]);
  assert.deepEqual(await coreTimes([0, 199.999, 200]), [0, 200]);
});

Deno.test("Appliance starts a new grid of core metrics after a gap of twice the buffer duration", async () => {
  assert.deepEqual(await coreTimes([0, 399.999, 400, 599.999, 600]), [0, 399.999, 400, 600]);
  assert.deepEqual(await coreTimes([0, 400, 430, 599.999, 600]), [0, 400, 600]);
});

for (const bufferDurationS of [0.2, 1]) {
  Deno.test(`Appliance publishes core metrics every ${2 * bufferDurationS} s while no frames arrive`, async () => {
    const heartbeatMs = 2000 * bufferDurationS;
    await runScript(function* ({ advance, frame, tick, published }) {
      advance(heartbeatMs);
      tick();
      assert.deepEqual(published("core_metrics"), [], "not before the first frame");
      yield frame();
      assert.deepEqual(published("core_metrics"), [["core_metrics", heartbeatMs]]);
      for (const beat of [2, 3]) {
        advance(heartbeatMs - 0.001);
        tick();
        assert.deepEqual(published("core_metrics"), []);
        advance(0.001);
        tick();
        assert.deepEqual(published("core_metrics"), [["core_metrics", beat * heartbeatMs]]);
      }
    }, { options: { bufferDurationS } });
  });
}

Deno.test("Appliance publishes no core metrics between the frames of a file at full speed", async () => {
  const run = await runScript(function* ({ advance, frame, tick }) {
    yield frame();
    advance(10_000);
    tick();
  }, { realtime: false });
  assert.equal(run.published("core_metrics").length, 1);
});

Deno.test("Appliance checks its status every 100 ms", async () => {
  const { seen } = await runScript(function* () {});
  assert.equal(seen.intervalMs, 100);
});

Deno.test("Appliance publishes the loss of the camera and the end at once", async () => {
  const run = await runScript(function* ({ statuses }) {
    assert.deepEqual(statuses(), ["PROCESSING_NOT_STARTED"]);
    yield { kind: "disconnected", reason: "unplugged" };
    assert.deepEqual(statuses(), ["CAMERA_DISCONNECTED"]);
  });
  assert.deepEqual(run.statuses(), ["STOPPING"]);
  assert.equal(run.counters.get("camera_disconnected_total"), 1);
});

Deno.test("Appliance publishes that a transport is degraded after 0.5 s", async () => {
  await runScript(function* (run) {
    const { advance, tick, statuses } = run;
    statuses();
    run.problem = "Redis is away";
    tick();
    advance(499.999);
    tick();
    assert.deepEqual(statuses(), []);
    advance(0.001);
    tick();
    assert.deepEqual(statuses(), ["PUBLISH_DEGRADED"]);
    yield { kind: "disconnected", reason: "unplugged" };
    assert.deepEqual(statuses(), ["CAMERA_DISCONNECTED"], "the more serious condition");
  });
});

Deno.test("Appliance publishes another status after the camera is back, even without its event", async () => {
  const back: ((run: ScriptedRun) => SourceEvent)[] = [
    () => ({ kind: "connected", description: "camera" }),
    ({ frame }) => frame(),
  ];
  for (const event of back) {
    await runScript(function* (run) {
      yield { kind: "disconnected", reason: "unplugged" };
      yield event(run);
      run.statuses();
      run.tick();
      run.advance(500);
      run.tick();
      const [status] = run.statuses();
      assert.ok(status !== undefined && status !== "CAMERA_DISCONNECTED", `${status}`);
    });
  }
});

Deno.test("Appliance publishes metrics only while recording, if its options say so, and frames always", async () => {
  const run = await runScript(function* ({ advance, frame, recording, published }) {
    const types = () => [...new Set(published().map(([type]) => type))].toSorted();
    const step = function* () {
      published();
      advance(200);
      yield frame();
    };
    yield* step();
    assert.deepEqual(types(), ["frame"]);
    recording.apply({ recording: true }, "flag");
    yield* step();
    assert.deepEqual(types(), ["core_metrics", "edge_metrics", "frame"]);
    recording.apply({ recording: false }, "flag");
    yield* step();
    assert.deepEqual(types(), ["frame"]);
  }, { options: { metricsOnlyWhileRecording: true } });
  assert.equal(run.published("edge_metrics").length, 0);
});

Deno.test("Appliance publishes edge metrics for every frame, unless its options exclude them", async () => {
  for (const edgeMetrics of [true, false]) {
    const run = await runScript(function* ({ advance, frame }) {
      for (let i = 0; i < 5; i++) {
        yield frame();
        advance(30);
      }
    }, { options: { edgeMetrics } });
    const expected = edgeMetrics ? [0, 30, 60, 90, 120] : [];
    assert.deepEqual(run.published("edge_metrics").map(([, ms]) => ms), expected);
  }
});

Deno.test("Appliance disposes each frame once, at every speed, before it takes the next", async () => {
  for (const realtime of [true, false]) {
    const { seen, counters } = await runScript(function* ({ advance, frame, seen }) {
      for (let i = 0; i < 50; i++) {
        yield frame();
        assert.equal(seen.disposed, seen.frames);
        advance(33);
      }
    }, { realtime });
    assert.deepEqual([seen.frames, seen.disposed], [50, 50]);
    assert.equal(counters.get("frames_captured_total"), 50);
  }
});

Deno.test("Appliance disposes a frame that cannot be measured", async () => {
  const disposed: boolean[] = [];
  const failed = runScript(function* ({ frame, seen }) {
    try {
      yield frame();
    } finally {
      disposed.push(seen.disposed === 1);
    }
  }, {
    observe: () => {
      throw new Error("no memory");
    },
  });
  await assert.rejects(failed, /no memory/);
});

/** Yields frames at 30 per second for a time. */
function* framesFor(ms: number, { advance, frame }: ScriptedRun): Iterable<SourceEvent> {
  for (let i = 0; i < ms * 0.03; i++) {
    advance(1000 / 30);
    yield frame();
  }
}

const BACK: readonly [string, SourceEvent[]][] = [
  ["reports it", [{ kind: "connected", description: "camera" }]],
  ["only sends frames", []],
];
for (const [name, events] of BACK) {
  Deno.test(`Appliance locks the exposure again after the camera was replugged and ${name}`, async () => {
    const { seen } = await runScript(function* (run) {
      yield* framesFor(4000, run);
      assert.equal(run.seen.locks, 1);
      yield { kind: "disconnected", reason: "unplugged" };
      yield* events;
      yield* framesFor(2500, run);
      assert.equal(run.seen.locks, 1, "the face has to be steady again");
      yield* framesFor(1500, run);
    }, { options: { lockExposure: true } });
    assert.deepEqual([seen.locks, seen.unlocks], [2, 0]);
  });
}

Deno.test("Appliance unlocks the exposure when the face has left, and locks none unless its options say so", async () => {
  for (const lockExposure of [true, false]) {
    let faceLeft = false;
    const { seen } = await runScript(function* (run) {
      yield* framesFor(4000, run);
      faceLeft = true;
      yield* framesFor(11_000, run);
    }, {
      options: { lockExposure },
      observe: ({ face, ...sample }) => faceLeft || !face ? sample : { ...sample, face },
    });
    assert.deepEqual([seen.locks, seen.unlocks], lockExposure ? [1, 1] : [0, 0]);
  }
});
