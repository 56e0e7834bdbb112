import type { DetectionSample, RateSample, Sample, Strict } from "../../vitals/estimate.ts";
import { BOOLEAN, fieldsOf, group, NUMBER, TIME } from "./field.ts";

/** Decimals by kind of value, each well below what the measurement resolves. *Chosen.* */
export const TRACE_DIGITS = 5;
export const RATE_DIGITS = 2;
export const CONFIDENCE_DIGITS = 3;

export const STABLE_DESCRIPTION =
  "True while the probability is above the threshold below which `strict` is withheld.";

/** Derived from the timestamp by the gRPC server. */
export const PROTO_TIME = {
  declaration: "float time = 1",
  description: "Seconds since the first message of this server.",
} as const;

const timestamp = {
  type: TIME,
  description: "Capture time of the value.",
  unit: "µs since the Unix epoch",
} as const;

export const MEASUREMENT = group(
  "Measurement",
  "A value at a time.",
  fieldsOf<Sample>()({
    value: { type: NUMBER, description: "The value.", digits: TRACE_DIGITS, proto: 2 },
    timestamp: { ...timestamp, proto: 4, from: ({ timeUs }: Sample) => timeUs },
  }),
  [PROTO_TIME, { declaration: "bool stable = 3", description: "Always true." }],
);

export const RATE = group(
  "MeasurementWithConfidence",
  "A rate at a time, with the probability that it is right.",
  fieldsOf<RateSample>()({
    value: { type: NUMBER, description: "The rate per minute.", digits: RATE_DIGITS, proto: 2 },
    confidence: {
      type: NUMBER,
      description: "Calibrated probability that the value is right.",
      digits: CONFIDENCE_DIGITS,
      range: [0, 1],
      proto: 4,
    },
    stable: { type: BOOLEAN, description: STABLE_DESCRIPTION, proto: 3 },
    timestamp: { ...timestamp, proto: 5, from: ({ timeUs }: RateSample) => timeUs },
  }),
  [PROTO_TIME],
);

export const DETECTION = group(
  "DetectionStatus",
  "Whether something was detected at a time.",
  fieldsOf<DetectionSample>()({
    detected: { type: BOOLEAN, description: "True while it is detected.", proto: 2 },
    stable: { type: BOOLEAN, description: "True while the detection is reliable.", proto: 3 },
    timestamp: { ...timestamp, proto: 4, from: ({ timeUs }: DetectionSample) => timeUs },
  }),
  [PROTO_TIME],
);

export const STRICT = group(
  "Strict",
  "The one value to show to a person.",
  fieldsOf<Strict>()({
    value: { type: NUMBER, description: "The rate per minute.", digits: RATE_DIGITS, proto: 1 },
    confidence: {
      type: NUMBER,
      description:
        "Calibrated probability that the value is within 3 beats/min (pulse) or 2 breaths/min " +
        "(breathing) of the reference.",
      digits: CONFIDENCE_DIGITS,
      range: [0, 1],
      proto: 100,
    },
    window_s: {
      type: NUMBER,
      description: "The value describes this time before the timestamp of the message.",
      unit: "s",
      digits: 1,
      proto: 101,
    },
  }),
);
