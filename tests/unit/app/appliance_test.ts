import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import type { Image, SourceEvent } from "../../../src/capture/frame.ts";
import type { Overlay } from "../../../src/frames/overlay.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import type { ApplianceParts } from "../../../src/app/appliance.ts";
import { deviceFamilies } from "../../../src/web/device_metrics.ts";
import { Hub } from "../../../src/web/hub.ts";
import { goodSample } from "../../support/samples.ts";
import { faceSamples } from "../../support/face_samples.ts";
import { framesFor, runScript, type ScriptedRun } from "../../support/scripted_appliance.ts";

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
    yield { kind: "disconnected", reason: "Cannot open rtsp://cam/1?pwd=hunter2: no route" };
    assert.deepEqual(statuses(), ["CAMERA_DISCONNECTED"]);
  });
  const texts = run.envelopes.map((envelope) => JSON.stringify(envelope));
  assert.ok(texts.some((text) => text.includes("Cannot open the stream: no route")));
  assert.ok(texts.every((text) => !/rtsp:|hunter2/.test(text)));
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

Deno.test("Appliance starts the bus before the first message, and flushes it at the end", async () => {
  const run = await runScript(function* ({ advance, frame }) {
    yield frame();
    advance(500);
    yield frame();
  });
  const { calls } = run;
  assert.deepEqual([calls[0], calls.filter((call) => call === "start").length], ["start", 1]);
  const flushes = calls.filter((call) => call.startsWith("flush"));
  assert.deepEqual([calls.at(-2), flushes.length], ["offer status", 1]);
  const limitMs = Number(/^flush (.*)/.exec(calls.at(-1)!)?.[1]);
  // systemd allows 3 s for the stop, of which other parts need some.
  assert.ok(limitMs > 1000 && limitMs < 1500, `${limitMs} ms`);
});

Deno.test("Appliance waits for the queues after each core metrics of a file at full speed", async () => {
  const run = await runScript(function* ({ advance, frame }) {
    for (let k = 0; k < 3; k++) {
      yield frame();
      advance(100);
    }
  }, { realtime: false });
  const steps = run.calls.filter((call) => /core_metrics|flush/.test(call));
  assert.deepEqual(steps.map((step) => step.split(" ")[0]), [
    "offer",
    "flush",
    "offer",
    "flush",
    "flush",
  ]);
  const limitMs = Number(/^flush (.*)/.exec(steps[1]!)?.[1]);
  assert.ok(limitMs >= 4000 && limitMs < 8000, `${limitMs} ms`);
});

Deno.test("Appliance leaves no timer and no listener to its signal, also after an abort", async () => {
  const ended = await runScript(function* ({ frame }) {
    yield frame();
  });
  assert.deepEqual(ended.left, { timers: 0, listeners: 0 });
  const aborted = await runScript(function* ({ frame, abort }) {
    yield frame();
    abort();
    yield frame();
  });
  assert.deepEqual(aborted.left, { timers: 0, listeners: 0 });
  assert.ok(aborted.seen.disposed <= 2);
});

/** The recording states and statuses that were published, and nothing else. */
const statesOf = ({ envelopes }: ScriptedRun) =>
  envelopes.flatMap(({ type, payload }): (string | boolean)[] =>
    type === "recording_state"
      ? [payload.recording]
      : type === "status" && payload.name === "STOPPING"
      ? ["STOPPING"]
      : []
  );

Deno.test("Appliance publishes the recording state at the start and at each change", async () => {
  await runScript(function* (run) {
    assert.deepEqual(statesOf(run), [false]);
    run.recording.apply({ recording: true }, "redis");
    assert.deepEqual(statesOf(run), [false, true]);
    yield run.frame();
    run.recording.apply({ recording: false }, "redis");
    assert.deepEqual(statesOf(run), [false, true, false]);
  });
});

Deno.test("Appliance ends a recording at the end of the input, and at once on an abort", async () => {
  const ended = await runScript(function* ({ recording, frame }) {
    recording.apply({ recording: true }, "redis");
    yield frame();
  });
  assert.deepEqual(statesOf(ended), [false, true, false, "STOPPING"]);
  assert.equal(ended.recording.state.recording, false);
  await runScript(function* (run) {
    const origins: string[] = [];
    run.recording.apply({ recording: true }, "redis");
    run.recording.onChange(({ origin }) => origins.push(origin));
    run.abort();
    assert.deepEqual([statesOf(run), origins], [[false, true, false], ["end"]]);
    yield run.frame();
  });
});

Deno.test("Appliance records each frame in the health", async () => {
  await runScript(function* ({ health, advance, frame }) {
    assert.equal(health.ageS("frame"), undefined);
    yield frame();
    advance(500);
    assert.equal(health.ageS("frame"), 0.5);
  });
});

/** Payloads of the envelopes of a type. */
// deno-lint-ignore no-explicit-any
const payloadsOf = ({ envelopes }: ScriptedRun, type: string): any[] =>
  envelopes.filter((envelope) => envelope.type === type).map(({ payload }) => payload);

Deno.test("Appliance withholds its values 1.5 s after the last frame, and not before", async () => {
  const samples = faceSamples({ seconds: 20 });
  const run = await runScript(function* (run) {
    const strict = () => payloadsOf(run, "core_metrics").at(-1).pulse?.strict !== undefined;
    yield* framesFor(12_000, run);
    assert.ok(strict(), "a pulse");
    run.advance(1350);
    run.tick();
    assert.ok(strict(), "after 1.35 s");
    run.advance(400);
    run.tick();
    assert.ok(!strict(), "after 1.75 s");
  }, {
    observe: ({ timeUs, sequence }) => ({ ...samples.next().value!, timeUs, sequence }),
  });
  const { withheld } = payloadsOf(run, "core_metrics").at(-1);
  assert.equal(withheld.pulse, "camera_disconnected");
});

Deno.test("Appliance withholds its values while the camera is disconnected", async () => {
  await runScript(function* (run) {
    const reason = () => {
      run.advance(400);
      run.tick();
      return payloadsOf(run, "core_metrics").at(-1).withheld.pulse;
    };
    yield run.frame();
    assert.notEqual(reason(), "camera_disconnected");
    yield { kind: "disconnected", reason: "unplugged" };
    assert.equal(reason(), "camera_disconnected");
    yield { kind: "connected", description: "camera" };
    assert.notEqual(reason(), "camera_disconnected");
  });
});

Deno.test("Appliance leaves no pulse on /metrics when the camera is lost, unplugged or silent", async () => {
  for (const loss of ["unplugged", "silent"] as const) {
    const samples = faceSamples({ seconds: 20 });
    const run = await runScript(function* (run) {
      yield* framesFor(12_000, run);
      assert.equal(typeof gaugesOf(run)["pulse_bpm"], "number");
      if (loss === "unplugged") yield { kind: "disconnected", reason: "unplugged" };
      run.advance(loss === "unplugged" ? 400 : 1750);
      run.tick();
      assert.equal(gaugesOf(run)["pulse_bpm"], undefined, loss);
      assert.equal(gaugesOf(run)["pulse_confidence"], undefined, loss);
    }, {
      observe: ({ timeUs, sequence }) => ({ ...samples.next().value!, timeUs, sequence }),
    });
    assert.equal(gaugesOf(run)["withheld"], 1);
  }
});

/** The gauges of `/metrics` after the envelopes of a run, by name. */
function gaugesOf({ envelopes }: ScriptedRun): Record<string, number | undefined> {
  const hub = new Hub();
  for (const envelope of envelopes) {
    hub.publishEnvelope("ward", { topic: envelope.type, envelope });
  }
  return Object.fromEntries(
    deviceFamilies(hub).map(({ name, samples }) => [name, samples[0]?.value]),
  );
}

Deno.test("Appliance publishes each breathing trace once, in the next edge metrics", async () => {
  const estimate = createVitalsEngine().estimate();
  let estimates = 0;
  const engine = {
    ...createVitalsEngine(),
    push: () => {},
    setDisconnected: () => {},
    estimate: (nowUs = monotonicUs(0)) => {
      const traces = [{ timeUs: nowUs, value: ++estimates }];
      return { ...estimate, breathing: { ...estimate.breathing, upperTrace: traces }, eda: traces };
    },
  };
  const run = await runScript(function* ({ advance, frame }) {
    for (let k = 0; k < 4; k++) {
      yield frame();
      advance(100);
    }
  }, {
    parts: { engine },
    degradation: 0.25,
    observe: (sample) => ({ ...sample, brightness: 77 }),
  });
  const edge = payloadsOf(run, "edge_metrics");
  const values = (trace: { value: number }[] = []) => trace.map(({ value }) => value);
  assert.deepEqual(edge.map(({ breathing }) => values(breathing?.upper_trace)), [[1], [], [2], []]);
  assert.deepEqual(edge.map(({ eda }) => values(eda?.trace ?? eda)), [[1], [], [2], []]);
  assert.deepEqual(edge.map(({ signal }) => signal.brightness), [77, 77, 77, 77]);
});

Deno.test("Appliance draws the estimate and the sample on each frame if it has an overlay", async () => {
  const drawn: (string | number)[] = [];
  const overlay = {
    update: ({ timeUs }: { timeUs: number }) => void drawn.push("update", timeUs),
    draw: (image: Image, { timeUs }: { timeUs: number }) => {
      drawn.push("draw", timeUs);
      return image;
    },
  } as unknown as Overlay;
  await runScript(function* ({ advance, frame }) {
    yield frame();
    advance(100);
    yield frame();
  }, { parts: { overlay } });
  assert.deepEqual(drawn, ["update", 1_000_000, "draw", 1_000_000, "draw", 1_100_000]);
});

Deno.test("Appliance passes over a face that has shown no pulse for 15 s", async () => {
  const counts: number[] = [];
  await runScript(function* (run) {
    for (const seconds of [18, 10]) {
      yield* framesFor(seconds * 1000, run);
      counts.push(run.seen.passedOver);
    }
  });
  // The first five seconds are explained by warming up, and the estimates follow every 0.2 s.
  assert.equal(counts[0], 0);
  assert.ok(counts[1]! >= 35 && counts[1]! <= 45, `${counts}`);
});

Deno.test("Appliance reports a camera that delivers grayscale images, and its return to color", async () => {
  const logged: string[] = [];
  const log = { ...silentLog, info: (message: string) => void logged.push(message) };
  let isGrayscale = false;
  const run = await runScript(function* (run) {
    const gauge = () => run.counters.get("camera_grayscale");
    yield* framesFor(1500, run);
    assert.equal(gauge(), 0);
    isGrayscale = true;
    // The status is repeated after 5 s.
    yield* framesFor(22_000, run);
    assert.equal(gauge(), 1);
    isGrayscale = false;
    yield* framesFor(5500, run);
    assert.equal(gauge(), 0);
  }, { parts: { log }, observe: (sample) => ({ ...sample, isGrayscale }) });
  assert.deepEqual(logged.filter((line) => line.startsWith("The camera")), [
    "The camera delivers grayscale images: no pulse is published",
    "The camera delivers color images",
  ]);
  const messages = run.envelopes.flatMap((envelope) =>
    envelope.type === "status" && envelope.payload.code === 0 ? envelope.payload.message : []
  );
  const explained = "Good signal. The images are grayscale, as in infrared light: no pulse is " +
    "published.";
  assert.equal(messages[0], "Good signal.");
  assert.equal(messages.at(-1), "Good signal.");
  assert.ok(messages.filter((message) => message === explained).length >= 4, `${messages}`);
  assert.equal(run.seen.passedOver, 0, "a grayscale face without a pulse is no picture");
});

Deno.test("Appliance waits for the detector only if the source is read at full speed", async () => {
  for (const realtime of [true, false]) {
    const measured: string[] = [];
    const vision: ApplianceParts["vision"] = {
      faceBoxes: [],
      observe({ timeUs }) {
        measured.push("at once");
        return goodSample({ timeUs });
      },
      observeInOrder({ timeUs }) {
        measured.push("in order");
        return Promise.resolve(goodSample({ timeUs }));
      },
      passOverFace() {},
    };
    await runScript(function* ({ frame }) {
      yield frame();
    }, { parts: { vision }, realtime });
    assert.deepEqual(measured, [realtime ? "at once" : "in order"]);
  }
});
