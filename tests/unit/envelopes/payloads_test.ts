import assert from "node:assert/strict";
import { epochUs, type MonotonicUs, monotonicUs } from "../../../src/base/time.ts";
import type { EdgeObservation } from "../../../src/envelopes/edge_metrics.ts";
import { EnvelopeFactory } from "../../../src/envelopes/envelope_factory.ts";
import type { VitalsEstimate } from "../../../src/vitals/estimate.ts";
import { assertEnvelope } from "../../support/envelope_schema.ts";
import { goodFace, goodSample } from "../../support/samples.ts";

const OFFSET_US = 1_700_000_000_000_000;
/** A value with more decimals than any field keeps. */
const VALUE = 12.123456789;

const at = (us: number) => monotonicUs(us);
const valueAt = (us: number) => ({ timeUs: at(us), value: VALUE });
const publishedAt = (us: number) => ({ value: 12.12346, timestamp: OFFSET_US + us });
const rateAt = (us: number, stable: boolean) => ({ ...valueAt(us), confidence: 0.987654, stable });
const publishedRate = (us: number, stable: boolean) => ({
  value: 12.12,
  confidence: 0.988,
  stable,
  timestamp: OFFSET_US + us,
});

function factoryAt(nowUs: number): EnvelopeFactory {
  return new EnvelopeFactory({
    monotonicUs: () => monotonicUs(nowUs),
    epochUs: (time: MonotonicUs) => epochUs(time + OFFSET_US),
  }, { bootId: "boot" });
}

const EVERYTHING: VitalsEstimate = {
  timeUs: at(2_000_000),
  frameCount: 60,
  subject: 2,
  pulse: {
    strict: { value: VALUE, confidence: 0.987654, windowS: 9.97 },
    rate: [rateAt(1, true), rateAt(2, false)],
    trace: [valueAt(3), valueAt(4)],
    hrv: {
      rmssd: 34.567,
      sdnn: 45.678,
      meanNn: 856.789,
      nnCount: 40,
      artifactFraction: 0.1,
      confidence: 0.912345,
    },
    respirationQuotient: [valueAt(5)],
  },
  breathing: {
    strict: { value: VALUE, confidence: 0.876543, windowS: 20 },
    rate: [rateAt(6, false)],
    upperTrace: [valueAt(7)],
    amplitude: [valueAt(8)],
    apnea: [{ timeUs: at(9), detected: true, stable: false }],
    respiratoryLineLength: [valueAt(10)],
    baseline: [valueAt(11)],
    inhaleExhaleRatio: [valueAt(12)],
  },
  phasicPressure: [valueAt(13)],
  condition: "OK",
  signal: { brightness: 100, saturatedFraction: 0, fps: 30 },
};

Deno.test("EnvelopeFactory.coreMetrics() has each value under its key, with the decimals that are known", () => {
  const envelope = factoryAt(2_012_345).coreMetrics(EVERYTHING, at(2_000_000));
  assertEnvelope(envelope);
  assert.deepEqual(envelope.payload, {
    pulse: {
      strict: { value: 12.12, confidence: 0.988, window_s: 10 },
      rate: [publishedRate(1, true), publishedRate(2, false)],
      trace: [publishedAt(3), publishedAt(4)],
      hrv: { rmssd: 34.6, sdnn: 45.7, mean_nn: 856.8, confidence: 0.912 },
      pulse_respiration_quotient: [publishedAt(5)],
    },
    breathing: {
      strict: { value: 12.12, confidence: 0.877, window_s: 20 },
      rate: [publishedRate(6, false)],
      upper_trace: [publishedAt(7)],
      amplitude: [publishedAt(8)],
      apnea: [{ detected: true, stable: false, timestamp: OFFSET_US + 9 }],
      respiratory_line_length: [publishedAt(10)],
      baseline: [publishedAt(11)],
      inhale_exhale_ratio: [publishedAt(12)],
    },
    blood_pressure: { phasic: [publishedAt(13)] },
    metadata: {
      sequence: 0,
      boot_id: "boot",
      frame_timestamp: OFFSET_US + 2_000_000,
      frame_count: 60,
      // To 0.01 ms.
      latency_ms: 12.35,
      subject: 2,
    },
  });
});

Deno.test("EnvelopeFactory.coreMetrics() has the reason of each withheld value, and nothing empty", () => {
  const { breathing: { strict: _, ...breathing }, phasicPressure: __, ...rest } = EVERYTHING;
  const { payload } = factoryAt(1_000_000).coreMetrics({
    ...rest,
    pulse: { withheld: "no_face", rate: [], trace: [], respirationQuotient: [] },
    breathing: { ...breathing, withheld: "warming_up" },
  }, at(2_000_000));
  assert.deepEqual(payload.withheld, { pulse: "no_face", breathing: "warming_up" });
  assert.deepEqual([payload.pulse, payload.blood_pressure], [undefined, undefined]);
  assert.equal(payload.breathing?.strict, undefined);
  // A clock before the frame gives no negative latency.
  assert.equal(payload.metadata.latency_ms, 0);
});

const OBSERVATION: EdgeObservation = {
  sample: goodSample({
    timeUs: at(2_000_000),
    face: goodFace({
      box: { x: 0.123456, y: 0.123456, width: 0.5, height: 0.25 },
      landmarks: {
        rightEye: { x: 0.11, y: 0.21 },
        leftEye: { x: 0.12, y: 0.22 },
        nose: { x: 0.13, y: 0.23 },
        mouth: { x: 0.14, y: 0.24 },
        rightEar: { x: 0.15, y: 0.25 },
        leftEar: { x: 0.16, y: 0.26 },
      },
      speed: 0.123456,
      track: 7,
    }),
    motion: 3.456789,
  }),
  signal: { snrDb: 4.56789, brightness: 101.2345, saturatedFraction: 0.123456, fps: 29.9876 },
  upperTrace: [valueAt(1)],
  eda: [valueAt(2)],
  width: 1000,
  height: 500,
  frameDegradation: 0.31234,
  frameQuality: 42,
};

Deno.test("EnvelopeFactory.edgeMetrics() has each value under its key, with the decimals that are known", () => {
  const envelope = factoryAt(1).edgeMetrics(OBSERVATION);
  assertEnvelope(envelope);
  assert.equal(envelope.timestamp, OFFSET_US + 2_000_000);
  assert.deepEqual(envelope.payload, {
    breathing: { upper_trace: [publishedAt(1)] },
    face: {
      box: { x: 123.5, y: 61.7, width: 500, height: 125 },
      landmarks: [{
        value: [[110, 105], [120, 110], [130, 115], [140, 120], [150, 125], [160, 130]]
          .map(([x, y]) => ({ x, y })),
        stable: false,
        reset: true,
        timestamp: OFFSET_US + 2_000_000,
      }],
    },
    motion: { face_speed: 0.1235, difference: 3.457 },
    signal: {
      snr_db: 4.57,
      brightness: 101.23,
      saturated_fraction: 0.1235,
      fps: 29.99,
      frame_degradation: 0.31,
      frame_quality: 42,
    },
    eda: [publishedAt(2)],
    metadata: { sequence: 0, boot_id: "boot" },
  });
});

Deno.test("EnvelopeFactory.edgeMetrics() marks the landmarks of a new face only", () => {
  const factory = factoryAt(1);
  const landmarksOf = (track: number | undefined) => {
    const { face, ...sample } = OBSERVATION.sample;
    const observed = track === undefined ? sample : { ...sample, face: { ...face!, track } };
    const { payload } = factory.edgeMetrics({ ...OBSERVATION, sample: observed });
    const [first] = payload.face?.landmarks ?? [];
    return first && [first.reset, first.stable];
  };
  const tracks = [7, 7, undefined, 7, 8, 8].map(landmarksOf);
  const [isNew, isKnown] = [[true, false], [false, true]];
  assert.deepEqual(tracks, [isNew, isKnown, undefined, isKnown, isNew, isKnown]);
});

Deno.test("EnvelopeFactory.edgeMetrics() leaves out what was not measured", () => {
  const { face: _, ...sample } = OBSERVATION.sample;
  const { payload } = factoryAt(1).edgeMetrics({
    sample,
    signal: { brightness: 0, saturatedFraction: 0, fps: 0 },
    upperTrace: [],
    width: 1000,
    height: 500,
    frameDegradation: 0,
  });
  assert.deepEqual(payload, {
    motion: { difference: 3.457 },
    signal: { brightness: 0, saturated_fraction: 0, fps: 0 },
    metadata: { sequence: 0, boot_id: "boot" },
  });
});

Deno.test("EnvelopeFactory counts the messages of each topic, and dates those of the program now", () => {
  const factory = factoryAt(77);
  const frames = [factory.frame(at(5)), factory.frame(at(9))];
  assert.deepEqual(frames, [
    { timestamp: OFFSET_US + 5, sequence: 0 },
    { timestamp: OFFSET_US + 9, sequence: 1 },
  ]);
  const due = { name: "OK", sinceUs: at(3) } as const;
  const status = factory.status(due, { recording: false });
  assertEnvelope(status);
  assert.equal(status.timestamp, OFFSET_US + 77);
  assert.deepEqual([status.payload.sequence, "session_id" in status.payload], [0, false]);
  assert.doesNotMatch(status.payload.message, /undefined/);
  assert.equal(factory.status(due, { recording: false }).payload.sequence, 1);
  const recording = factory.recordingState({ recording: true, session_id: "visit-7" });
  assertEnvelope(recording);
  assert.equal(recording.timestamp, OFFSET_US + 77);
});
