import assert from "node:assert/strict";
import { metricsProto } from "../../../../src/envelopes/render/proto.ts";

const PROTO = metricsProto();

/** The numbers of the published metric messages, which may never change. */
const PUBLISHED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  Measurement: { time: 1, value: 2, stable: 3, timestamp: 4 },
  DetectionStatus: { time: 1, detected: 2, stable: 3, timestamp: 4 },
  MeasurementWithConfidence: { time: 1, value: 2, stable: 3, confidence: 4, timestamp: 5 },
  Strict: { value: 1 },
  Pulse: { rate: 1, trace: 2, pulse_respiration_quotient: 3, strict: 4 },
  Trace: { sample: 1 },
  Breathing: {
    rate: 1,
    upper_trace: 2,
    lower_trace: 3,
    amplitude: 4,
    apnea: 5,
    respiratory_line_length: 6,
    baseline: 7,
    inhale_exhale_ratio: 8,
    strict: 9,
  },
  BloodPressure: { phasic: 1 },
  Landmarks: { time: 1, value: 2, stable: 3, reset: 4, timestamp: 5 },
  Face: { blinking: 1, talking: 2, landmarks: 3 },
  Metadata: {
    id: 1,
    upload_timestamp: 2,
    api_version: 3,
    sent_at_s: 4,
    frame_timestamp: 5,
    frame_count: 6,
  },
  MetricsBuffer: { pulse: 1, breathing: 2, blood_pressure: 3, face: 4, metadata: 5 },
  Eda: { trace: 1 },
  MicroMotion: { glutes: 1, knees: 2 },
  Metrics: { breathing: 1, micromotion: 2, eda: 3, face: 4 },
  StatusValue: { value: 1, timestamp: 2 },
};

function fieldsOf(message: string): Record<string, number> {
  const body = new RegExp(`message ${message} \\{([^}]*)\\}`).exec(PROTO)?.[1] ?? "";
  return Object.fromEntries(
    [...body.matchAll(/(\w+) = (\d+);/g)].map(([, name, number]) => [name, Number(number)]),
  );
}

for (const [message, published] of Object.entries(PUBLISHED)) {
  Deno.test(`metricsProto() keeps the published numbers of ${message}`, () => {
    const fields = fieldsOf(message);
    for (const [name, number] of Object.entries(published)) {
      assert.equal(fields[name], number, name);
    }
  });
}

Deno.test("metricsProto() numbers the additions to published messages from 100", () => {
  for (const [message, published] of Object.entries(PUBLISHED)) {
    for (const [name, number] of Object.entries(fieldsOf(message))) {
      assert(name in published || number >= 100, `${message}.${name} = ${number}`);
    }
  }
});

Deno.test("metricsProto() uses no number twice in a message or enumeration", () => {
  for (const [, name = "", body = ""] of PROTO.matchAll(/(?:message|enum) (\w+) \{([^}]*)\}/g)) {
    const numbers = [...body.matchAll(/ = (\d+);/g)].map(([, number]) => number);
    assert.equal(new Set(numbers).size, numbers.length, name);
  }
});
