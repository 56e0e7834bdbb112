import assert from "node:assert/strict";
import { epochUs, type MonotonicUs, monotonicUs } from "../../../src/base/time.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import { createVitalsEngine } from "../../../src/vitals/engine.ts";
import { assertEnvelope } from "../../support/envelope_schema.ts";
import { goodSample } from "../../support/samples.ts";

/** Difference between the clocks of the tests. */
const OFFSET_US = 1_700_000_000_000_000;

function factoryAt(nowUs: number, options = {}): EnvelopeFactory {
  return new EnvelopeFactory(
    {
      monotonicUs: () => monotonicUs(nowUs),
      epochUs: (time: MonotonicUs) => epochUs(time + OFFSET_US),
    },
    { bootId: "boot", ...options },
  );
}

function estimateAt(timeUs: MonotonicUs) {
  const engine = createVitalsEngine();
  engine.push(goodSample({ timeUs }));
  return engine.estimate();
}

Deno.test("EnvelopeFactory stamps core metrics with the capture time, and counts them", () => {
  const factory = factoryAt(2_012_500);
  const timeUs = monotonicUs(2_000_000);
  const first = factory.coreMetrics(estimateAt(timeUs), timeUs);
  const second = factory.coreMetrics(estimateAt(timeUs), monotonicUs(2_200_000));
  assertEnvelope(first);
  assert.equal(first.timestamp, OFFSET_US + 2_000_000);
  const { metadata } = first.payload;
  assert.deepEqual(metadata, {
    sequence: 0,
    boot_id: "boot",
    frame_timestamp: OFFSET_US + 2_000_000,
    frame_count: 1,
    latency_ms: 12.5,
    subject: 1,
  });
  assert.equal(second.payload.metadata.sequence, 1);
  assert.equal(second.timestamp, OFFSET_US + 2_200_000);
});

Deno.test("EnvelopeFactory marks the metrics of a simulated camera, and no others", () => {
  const timeUs = monotonicUs(2_000_000);
  for (const simulated of [true, false]) {
    const factory = factoryAt(2_012_500, { simulated });
    const core = factory.coreMetrics(estimateAt(timeUs), timeUs);
    assertEnvelope(core);
    const edge = factory.edgeMetrics({
      sample: goodSample({ timeUs }),
      signal: { brightness: 100, saturatedFraction: 0, fps: 30 },
      upperTrace: [],
      width: 640,
      height: 480,
      frameDegradation: 0,
    });
    assertEnvelope(edge);
    for (const { payload } of [core, edge]) {
      assert.equal(payload.metadata.simulated, simulated ? true : undefined);
      assert.equal("simulated" in payload.metadata, simulated);
    }
  }
});

Deno.test("EnvelopeFactory names the session that was recorded at the time of each message", () => {
  let nowUs = 0;
  const factory = new EnvelopeFactory({
    monotonicUs: () => monotonicUs(nowUs),
    epochUs: (time: MonotonicUs) => epochUs(time + OFFSET_US),
  });
  const coreAt = (timeUs: number) =>
    factory.coreMetrics(estimateAt(monotonicUs(timeUs)), monotonicUs(timeUs));
  const edgeAt = (timeUs: number) =>
    factory.edgeMetrics({
      sample: goodSample({ timeUs: monotonicUs(timeUs) }),
      signal: { brightness: 100, saturatedFraction: 0.5, fps: 30 },
      upperTrace: [],
      width: 640,
      height: 480,
      frameDegradation: 0,
    });
  const session = (envelope: ReturnType<typeof coreAt> | ReturnType<typeof edgeAt>) => {
    assertEnvelope(envelope);
    return envelope.payload.metadata.session_id;
  };
  assert.equal(session(coreAt(100)), undefined);
  for (
    const { atUs, id, before } of [
      { atUs: 1000, id: "a", before: undefined },
      { atUs: 2000, id: undefined, before: "a" },
      { atUs: 3000, id: "b", before: undefined },
      { atUs: 4000, id: "c", before: "b" },
    ]
  ) {
    nowUs = atUs;
    factory.recordingState(
      id === undefined ? { recording: false } : { recording: true, session_id: id },
    );
    for (const at of [coreAt, edgeAt]) {
      assert.deepEqual([session(at(atUs - 1)), session(at(atUs)), session(at(atUs + 500))], [
        ...[before, id, id],
      ]);
    }
  }
});

Deno.test("EnvelopeFactory publishes the box of the face in pixels of the published frame", () => {
  const factory = factoryAt(1);
  const sample = goodSample({
    face: { ...goodSample().face!, box: { x: 0.25, y: 0.1, width: 0.5, height: 0.4 }, track: 3 },
  });
  const observation = {
    sample,
    signal: { brightness: 100, saturatedFraction: 0.5, fps: 30 },
    upperTrace: [],
    width: 640,
    height: 480,
    frameDegradation: 0,
  };
  const first = factory.edgeMetrics(observation);
  assertEnvelope(first);
  assert.deepEqual(first.payload.face?.box, { x: 160, y: 48, width: 320, height: 192 });
  assert.equal(first.payload.face?.landmarks[0]?.reset, true);
  assert.equal(first.payload.signal.frame_degradation, undefined);
  const next = factory.edgeMetrics({ ...observation, frameDegradation: 0.3, frameQuality: 40 });
  assert.equal(next.payload.face?.landmarks[0]?.reset, false);
  assert.equal(next.payload.signal.frame_degradation, 0.3);
  assert.equal(next.payload.signal.frame_quality, 40);
  assert(next.timestamp > first.timestamp);
});

Deno.test("EnvelopeFactory.status() adds the detail to the message, and the recording state", () => {
  const due = {
    name: "PUBLISH_DEGRADED",
    detail: "Redis is away.",
    sinceUs: monotonicUs(5),
  } as const;
  const { payload } = factoryAt(7).status(due, { recording: true, session_id: "visit-7" });
  assert.equal(payload.code, 101);
  assert.match(payload.message, /^Measurements are .* Redis is away\.$/);
  assert.equal(payload.since, OFFSET_US + 5);
  assert.deepEqual([payload.recording, payload.session_id], [true, "visit-7"]);
});

Deno.test("EnvelopeFactory publishes x and width by the width of the frame, y and height by its height", () => {
  const at = (index: number) => ({ x: 0.1 + 0.01 * index, y: 0.2 + 0.02 * index });
  const face = {
    ...goodSample().face!,
    box: { x: 0.3, y: 0.2, width: 0.1, height: 0.4 },
    landmarks: {
      rightEye: at(0),
      leftEye: at(1),
      nose: at(2),
      mouth: at(3),
      rightEar: at(4),
      leftEar: at(5),
    },
  };
  const { payload } = factoryAt(1).edgeMetrics({
    sample: goodSample({ face }),
    signal: { brightness: 100, saturatedFraction: 0.5, fps: 30 },
    upperTrace: [],
    width: 1000,
    height: 500,
    frameDegradation: 0,
  });
  assert.deepEqual(payload.face?.box, { x: 300, y: 100, width: 100, height: 200 });
  assert.deepEqual(
    payload.face?.landmarks[0]?.value,
    [0, 1, 2, 3, 4, 5].map((index) => ({ x: 100 + 10 * index, y: 100 + 10 * index })),
  );
});
