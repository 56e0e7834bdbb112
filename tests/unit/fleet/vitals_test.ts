import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { encodeEnvelope, type Envelope } from "../../../src/envelopes/envelope.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { FleetVitals, sampleAt, signalAt } from "../../../src/fleet/vitals.ts";
import { SystemClock } from "../../../src/telemetry/clock.ts";

/** The core metrics of 60 s, and one edge metric. */
function publishedIn60S(): { core: Envelope[]; edge: Envelope } {
  const factory = new EnvelopeFactory(new SystemClock(), { simulated: true });
  const vitals = new FleetVitals({ pulseBpm: 72, breathingBpm: 15, startUs: monotonicUs(0) });
  const times = Array.from({ length: 300 }, (_, at) => monotonicUs(at * 200_000));
  return {
    core: times.map((timeUs) => factory.coreMetrics(vitals.estimate(timeUs), timeUs)),
    edge: factory.edgeMetrics({
      sample: sampleAt(0, monotonicUs(0)),
      signal: signalAt(0),
      upperTrace: [{ timeUs: monotonicUs(0), value: 0.00058 }],
      width: 640,
      height: 480,
      frameDegradation: 0,
    }),
  };
}

function recordedBytes(topic: string): number {
  const path = new URL(`../../../docs/examples/${topic}.json`, import.meta.url);
  const { payload, ...rest } = JSON.parse(Deno.readTextFileSync(path));
  if (topic === "edge_metrics") {
    // The recorded one has --enable_eda, and the trace of six frames; on average it is one.
    delete payload.eda;
    payload.breathing.upper_trace.length = 1;
  }
  return JSON.stringify({ ...rest, payload }).length;
}

Deno.test("FleetVitals gives messages of the size of recorded ones, within a fifth", () => {
  const { core, edge } = publishedIn60S();
  const bytes = core.reduce((sum, envelope) => sum + encodeEnvelope(envelope).length, 0);
  const ratios = [
    bytes / core.length / recordedBytes("core_metrics"),
    encodeEnvelope(edge).length / recordedBytes("edge_metrics"),
  ];
  for (const ratio of ratios) assert.ok(ratio > 0.8 && ratio < 1.2, `${ratios}`);
});

Deno.test("FleetVitals gives each trace sample and each beat once", () => {
  const payloads = publishedIn60S().core.map((envelope) => {
    assert(envelope.type === "core_metrics");
    return envelope.payload;
  });
  const times = payloads.flatMap(({ pulse }) => pulse?.trace ?? []).map(({ timestamp }) =>
    timestamp
  );
  assert.equal(new Set(times).size, times.length);
  assert.equal(times.length, 59.8 * 30 + 1);
  const beats = payloads.flatMap(({ pulse }) => pulse?.beats ?? []);
  assert.equal(beats.length, 71);
});

Deno.test("FleetVitals marks its messages as those of no person", () => {
  const [envelope] = publishedIn60S().core;
  assert(envelope?.type === "core_metrics");
  assert.equal(envelope.payload.metadata.simulated, true);
});

const START_US = 1_700_000_000_000_000;

/** The vitals of a device, and the time that is some milliseconds after its first frame. */
function startVitals({ pulseBpm = 75, breathingBpm = 15 } = {}) {
  const vitals = new FleetVitals({ pulseBpm, breathingBpm, startUs: monotonicUs(START_US) });
  return { vitals, at: (ms: number) => monotonicUs(START_US + ms * 1000) };
}

Deno.test("FleetVitals.estimate() has the time and the count of the newest frame, of 30 in a second", () => {
  const { vitals, at } = startVitals();
  for (
    const [ms, frameCount, timeUs, samples] of [
      [0, 1, 0, 1],
      [33, 1, 0, 0],
      [34, 2, 33_333, 1],
      [1000, 31, 1_000_000, 29],
      [1000, 31, 1_000_000, 0],
      [3600, 109, 3_600_000, 78],
    ] as const
  ) {
    const estimate = vitals.estimate(at(ms));
    assert.equal(estimate.frameCount, frameCount, `${ms} ms`);
    assert.equal(estimate.timeUs - START_US, timeUs);
    assert.equal(estimate.pulse!.trace.length, samples);
    assert.equal(estimate.breathing!.upperTrace.length, samples);
  }
});

Deno.test("FleetVitals.estimate() has sines of the rates, whose phase is 0 at the first frame", () => {
  const { vitals, at } = startVitals({ pulseBpm: 75, breathingBpm: 15 });
  const { pulse, breathing } = vitals.estimate(at(4000)); // five beats, and one breath
  const traces = [[pulse!.trace, 0.8, 0.0007], [breathing!.upperTrace, 4, 0.001]] as const;
  for (const [trace, periodS, amplitude] of traces) {
    assert.equal(trace.length, 121);
    for (const [frame, { timeUs, value }] of trace.entries()) {
      assert(Math.abs(timeUs - START_US - frame * 1e6 / 30) <= 0.5);
      const expected = amplitude * Math.sin(2 * Math.PI * frame / 30 / periodS);
      assert(Math.abs(value - expected) < 1e-12, `${frame}: ${value}`);
    }
  }
});

Deno.test("FleetVitals.estimate() has the rate and the variability of the pulse once a second", () => {
  const { vitals, at } = startVitals({ pulseBpm: 75 });
  const withRate = [];
  for (let ms = 0; ms <= 2000; ms += 200) {
    const { pulse, breathing, timeUs } = vitals.estimate(at(ms));
    assert.deepEqual([pulse!.rate.length > 0, breathing!.rate.length], [
      pulse!.hrv !== undefined,
      1,
    ]);
    if (pulse!.rate.length === 0) continue;
    withRate.push(ms);
    assert.deepEqual(pulse!.rate.map((each) => [each.timeUs, each.value, each.stable]), [
      [timeUs, 75, true],
    ]);
    assert.equal(pulse!.hrv!.meanNn, 800);
  }
  assert.deepEqual(withRate, [0, 1000, 2000]);
});

Deno.test("FleetVitals.estimate() has each beat at its time, with the interval before it", () => {
  const { vitals, at } = startVitals({ pulseBpm: 75 });
  for (
    const [ms, beats] of [[0, []], [799, []], [801, [800]], [1500, []], [1601, [1600]]] as const
  ) {
    const found = vitals.estimate(at(ms)).pulse!.beats ?? [];
    assert.deepEqual(
      found.map(({ timeUs, intervalMs }) => [(timeUs - START_US) / 1000, intervalMs]),
      beats.map((beatMs) => [beatMs, 800]),
    );
  }
});

Deno.test("FleetVitals.estimate() has the shape of two breaths that have ended", () => {
  const { vitals, at } = startVitals({ pulseBpm: 75, breathingBpm: 15 });
  const { breathing, pulse } = vitals.estimate(at(60_000));
  const shapes = [
    [breathing!.amplitude, 0.0047],
    [breathing!.baseline, -0.0024],
    [breathing!.inhaleExhaleRatio, 0.67],
  ] as const;
  for (const [breaths, typical] of shapes) {
    assert.deepEqual(breaths!.map(({ timeUs }) => (timeUs - START_US) / 1e6), [56, 52]);
    for (const { value } of breaths!) {
      assert(Math.abs(value / typical - 1) < 0.1, `${value} is not near ${typical}`);
    }
    assert.notEqual(breaths![0]!.value, breaths![1]!.value);
  }
  assert.deepEqual(breathing!.apnea!.map(({ detected, stable }) => [detected, stable]), [
    [false, true],
  ]);
  assert.deepEqual(pulse!.respirationQuotient!.map(({ value }) => value), [5]);
});

Deno.test("FleetVitals, signalAt() and sampleAt() have values of a person at rest in good light", () => {
  const { vitals, at } = startVitals({ pulseBpm: 75, breathingBpm: 15 });
  const { pulse, breathing, signal, subject, condition } = vitals.estimate(at(1000));
  assert.deepEqual([subject, condition], [1, "OK"]);
  assert.deepEqual([pulse!.strict!.value, breathing!.strict!.value], [75, 15]);
  const sample = sampleAt(4, at(133));
  const face = sample.face!;
  const hrv = pulse!.hrv!;
  for (
    const [name, value, min, max] of [
      ["confidence of the pulse", pulse!.strict!.confidence, 0.9, 1],
      ["confidence of its rate", pulse!.rate[0]!.confidence, 0.9, 1],
      ["confidence of its variability", hrv.confidence, 0.8, 1],
      ["confidence of a beat", pulse!.beats![0]!.confidence, 0.9, 1],
      ["confidence of the breathing", breathing!.strict!.confidence, 0.9, 1],
      ["confidence of its rate", breathing!.rate[0]!.confidence, 0.9, 1],
      ["window of the pulse in s", pulse!.strict!.windowS, 8, 12],
      ["window of the breathing in s", breathing!.strict!.windowS, 10, 15],
      ["RMSSD in ms", hrv.rmssd, 20, 40],
      ["SDNN in ms", hrv.sdnn, 30, 50],
      ["number of intervals", hrv.nnCount, 50, 75],
      ["fraction of artifacts", hrv.artifactFraction, 0, 0.1],
      ["line length", breathing!.respiratoryLineLength![0]!.value, 0.002, 0.003],
      ["SNR in dB", signal!.snrDb, 6, 12],
      ["frames per second", signal!.fps, 30, 30],
      ["saturated fraction", signal!.saturatedFraction, 0.001, 0.003],
      ["clipped fraction of a frame", sample.clipped, 0.001, 0.003],
      ["brightness", signal!.brightness, 100, 140],
      ["brightness of a frame", sample.brightness, 100, 140],
      ["motion", sample.motion, 0.8, 0.9],
      ["score of the face", face.score, 0.9, 1],
      ["age of the face", face.ageUs, 0, 0],
      ["speed of the face", face.speed, 0.01, 0.02],
      ["track of the face", face.track, 1, 1],
      ["number of faces", sample.faceCount, 1, 1],
      ["number of the frame", sample.sequence, 4, 4],
      ["left edge of the face", face.box.x, 0.3, 0.4],
      ["top edge of the face", face.box.y, 0.2, 0.3],
      ["width of the face", face.box.width, 0.2, 0.3],
      ["height of the face", face.box.height, 0.3, 0.4],
    ] as const
  ) {
    assert(value !== undefined && value >= min && value <= max, `${name}: ${value}`);
  }
});

Deno.test("sampleAt() has a face whose parts are in their order within its box", () => {
  const { box, landmarks } = sampleAt(0, monotonicUs(0)).face!;
  const { rightEye, leftEye, nose, mouth, rightEar, leftEar } = landmarks!;
  for (const { x, y } of Object.values(landmarks!)) {
    assert(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height);
  }
  const fromLeft = [rightEar, rightEye, nose, leftEye, leftEar].map(({ x }) => x);
  assert.deepEqual(fromLeft, fromLeft.toSorted((a, b) => a - b));
  assert.equal(nose.x, mouth.x);
  assert(rightEye.y === leftEye.y && rightEye.y < nose.y && nose.y < mouth.y);
  assert.equal(rightEar.y, leftEar.y);
});

Deno.test("signalAt() and sampleAt() differ from frame to frame, and repeat", () => {
  const brightness = Array.from({ length: 14 }, (_, frame) => signalAt(frame).brightness!);
  assert.deepEqual(brightness.slice(7), brightness.slice(0, 7));
  assert.equal(new Set(brightness).size, 7);
  assert(Math.max(...brightness) - Math.min(...brightness) < 1);
  const motion = Array.from({ length: 10 }, (_, frame) => sampleAt(frame, monotonicUs(0)).motion!);
  assert.deepEqual(motion.slice(5), motion.slice(0, 5));
  assert.equal(new Set(motion).size, 5);
});
