import { STATUS_NAMES } from "../../vitals/condition/status_table.ts";
import {
  BOOLEAN,
  choice,
  constant,
  type Fields,
  group,
  INTEGER,
  type PayloadOf,
  TEXT,
  TIME,
} from "./field.ts";
import { REPLAYED, SEQUENCE, SEQUENCE_WITH_GAPS } from "./metadata.ts";

const RECORDING = {
  type: BOOLEAN,
  description: "True while a session is recorded.",
} as const;
const SESSION_ID = {
  type: TEXT,
  description: "Identifier of the recorded session.",
  when: "A session is recorded.",
} as const;

const METADATA = {
  type: group(
    "ReplayMetadata",
    "What a late message says about itself.",
    { replayed: REPLAYED } as const satisfies Fields,
  ),
  description: "What the message says about itself.",
  when: "The message is delivered late.",
  proto: { omitted: "gRPC streams are live only" },
} as const;

/** The payload of `status`. */
export const STATUS = group(
  "StatusValue",
  "Condition of the measurement.",
  {
    code: {
      type: INTEGER,
      description: "Number of the status; see the table of status codes.",
      range: [0, 199],
      proto: { number: 1, name: "value", type: "StatusCode" },
    },
    name: {
      type: choice("StatusName", STATUS_NAMES),
      description: "Name of the status.",
      proto: { omitted: "`value` is an enumeration with these names" },
    },
    message: { type: TEXT, description: "The condition, for a person.", proto: 100 },
    hint: { type: TEXT, description: "What to do about it, for a person.", proto: 101 },
    since: {
      type: TIME,
      description: "When the condition began.",
      unit: "µs since the Unix epoch",
      proto: 102,
    },
    sequence: { ...SEQUENCE, proto: { number: 103, type: "int64" } },
    recording: { ...RECORDING, proto: 104 },
    session_id: { ...SESSION_ID, proto: 105 },
    metadata: METADATA,
  } as const satisfies Fields,
);

/** The payload of `recording_state`. */
export const RECORDING_STATE = group(
  "RecordingState",
  "Start and end of a recording.",
  {
    recording: { ...RECORDING, proto: { omitted: "see GetStatus" } },
    session_id: { ...SESSION_ID, proto: { omitted: "see GetStatus" } },
    resumed: {
      type: constant(true),
      description: "The session was recorded when the server crashed, and continues after a gap.",
      when: "The server resumed a session.",
      proto: { omitted: "see GetStatus" },
    },
    metadata: METADATA,
  } as const satisfies Fields,
);

const NO_FRAMES = { omitted: "gRPC carries no frames" };

/** The payload of `frame`. */
export const FRAME = group(
  "Frame",
  "A video frame.",
  {
    data: {
      type: { kind: "base64", mediaType: "image/jpeg" },
      description: "The JPEG.",
      proto: NO_FRAMES,
    },
    width: {
      type: INTEGER,
      description: "Width of the image.",
      unit: "px",
      range: [1, 65_535],
      proto: NO_FRAMES,
    },
    height: {
      type: INTEGER,
      description: "Height of the image.",
      unit: "px",
      range: [1, 65_535],
      proto: NO_FRAMES,
    },
    format: {
      type: constant("jpeg"),
      description: "Format of `data`.",
      proto: NO_FRAMES,
    },
    sequence: { ...SEQUENCE_WITH_GAPS, proto: NO_FRAMES },
  } as const satisfies Fields,
);

export type StatusPayload = PayloadOf<typeof STATUS["fields"]>;
export type RecordingStatePayload = PayloadOf<typeof RECORDING_STATE["fields"]>;
export type FramePayload = PayloadOf<typeof FRAME["fields"]>;
