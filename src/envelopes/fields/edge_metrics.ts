import type { Sample, SignalQuality } from "../../vitals/estimate.ts";
import { BOOLEAN, fieldsOf, group, INTEGER, list, NUMBER, type PayloadOf, TIME } from "./field.ts";
import {
  BOOT_ID,
  type MessageIdentity,
  REPLAYED,
  SEQUENCE_WITH_GAPS,
  SESSION_ID,
  SIMULATED,
} from "./metadata.ts";
import { DETECTION, MEASUREMENT, PROTO_TIME } from "./series.ts";

/** A point of the published frame in pixels. */
export interface PixelPoint {
  readonly x: number;
  readonly y: number;
}

/** What an edge metrics message is encoded from: everything in the units of the message. */
export interface EdgeMetricsSource {
  readonly upperTrace: readonly Sample[];
  readonly face?: FaceSource | undefined;
  /** Absent without a face. */
  readonly faceSpeed?: number | undefined;
  readonly difference: number;
  readonly signal: SignalSource;
  readonly eda: readonly Sample[];
  readonly identity: MessageIdentity;
}

interface FaceSource {
  readonly box: PixelPoint & { readonly width: number; readonly height: number };
  readonly landmarks: readonly LandmarksSource[];
}

interface LandmarksSource {
  /** Right eye, left eye, nose, mouth, right ear, left ear. */
  readonly value: readonly PixelPoint[];
  readonly stable: boolean;
  readonly reset: boolean;
  readonly timeUs: number;
}

export interface SignalSource extends SignalQuality {
  /** Absent while frames are sent at their full rate and quality. */
  readonly frameDegradation?: number | undefined;
  readonly frameQuality?: number | undefined;
}

const PIXELS = { type: NUMBER, unit: "px", digits: 1 } as const;

const POINT = group(
  "Point2dFloat",
  "A point of the published frame; 0, 0 is its top left corner.",
  fieldsOf<PixelPoint>()({
    x: { ...PIXELS, description: "Distance from the left edge.", proto: 1 },
    y: { ...PIXELS, description: "Distance from the top edge.", proto: 2 },
  }),
);

const BOX = group(
  "Box",
  "A rectangle of the published frame.",
  fieldsOf<FaceSource["box"]>()({
    x: { ...PIXELS, description: "Left edge.", proto: 1 },
    y: { ...PIXELS, description: "Top edge.", proto: 2 },
    width: { ...PIXELS, description: "Width.", proto: 3 },
    height: { ...PIXELS, description: "Height.", proto: 4 },
  }),
);

const LANDMARKS = group(
  "Landmarks",
  "Key points of the face at a time.",
  fieldsOf<LandmarksSource>()({
    value: {
      type: list(POINT),
      description:
        "Right eye, left eye, nose, mouth, right ear, left ear; right and left as the person has " +
        "them.",
      proto: 2,
    },
    stable: { type: BOOLEAN, description: "False in the first message of a face.", proto: 3 },
    reset: { type: BOOLEAN, description: "True in the first message of a face.", proto: 4 },
    timestamp: {
      type: TIME,
      description: "Capture time of the frame.",
      unit: "µs since the Unix epoch",
      proto: 5,
      from: ({ timeUs }: LandmarksSource) => timeUs,
    },
  }),
  [PROTO_TIME],
);

const NOT_PRODUCED = "Never in this version: the name and the number are reserved.";

const FACE = group(
  "Face",
  "The measured face.",
  fieldsOf<FaceSource>()({
    box: { type: BOX, description: "Position of the face.", proto: 100 },
    landmarks: { type: list(LANDMARKS), description: "Key points of the face.", proto: 3 },
    blinking: {
      type: list(DETECTION),
      description: "Whether the eyes blink.",
      when: NOT_PRODUCED,
      proto: 1,
      from: () => undefined,
    },
    talking: {
      type: list(DETECTION),
      description: "Whether the person talks.",
      when: NOT_PRODUCED,
      proto: 2,
      from: () => undefined,
    },
  }),
);

const BREATHING = group(
  "Breathing",
  "Breathing, in breaths/min.",
  fieldsOf<EdgeMetricsSource>()({
    upper_trace: {
      type: list(MEASUREMENT),
      description: "Position of the chest, as in `core_metrics`.",
      unit: "image heights",
      proto: 2,
    },
  }),
);

const MOTION = group(
  "Motion",
  "Movement since the frame before.",
  fieldsOf<EdgeMetricsSource>()({
    face_speed: {
      type: NUMBER,
      description: "Speed of the face.",
      unit: "face widths/s",
      digits: 4,
      when: "There is a face.",
      proto: { number: 1, type: "optional float" },
    },
    difference: {
      type: NUMBER,
      description:
        "Mean absolute difference of luma to the frame before, on the face if there is one.",
      unit: "gray levels, 0 to 255",
      digits: 3,
      proto: 2,
    },
  }),
);

const SIGNAL = group(
  "Signal",
  "Quality of the image and of the signal, for the person who sets up the camera.",
  fieldsOf<SignalSource>()({
    snr_db: {
      type: NUMBER,
      description: "Signal-to-noise ratio of the pulse.",
      unit: "dB",
      digits: 2,
      when: "One was computed.",
      proto: { number: 1, type: "optional float" },
    },
    brightness: {
      type: NUMBER,
      description: "Mean luma of the image.",
      digits: 2,
      range: [0, 255],
      proto: 2,
    },
    saturated_fraction: {
      type: NUMBER,
      description: "Fraction of the pixels that are clipped.",
      digits: 4,
      range: [0, 1],
      proto: 3,
    },
    fps: {
      type: NUMBER,
      description: "Frame rate of the camera over the last seconds.",
      unit: "frames/s",
      digits: 2,
      proto: 4,
    },
    frame_degradation: {
      type: NUMBER,
      description: "How far published frames are reduced in rate and quality for a slow link.",
      digits: 2,
      range: [0, 1],
      when: "Frames are reduced.",
      proto: { number: 5, type: "optional float" },
    },
    frame_quality: {
      type: INTEGER,
      description: "JPEG quality to which published frames are reduced.",
      range: [1, 100],
      when: "Frames are compressed again for a slow link.",
      proto: { number: 6, type: "optional int32" },
    },
  }),
);

const METADATA = group(
  "Metadata",
  "What the message says about itself.",
  fieldsOf<MessageIdentity>()({
    sequence: { ...SEQUENCE_WITH_GAPS, proto: { number: 100, type: "int64" } },
    boot_id: BOOT_ID,
    session_id: SESSION_ID,
    simulated: SIMULATED,
    replayed: REPLAYED,
  }),
);

/** The payload of `edge_metrics`. */
export const EDGE_METRICS = group(
  "Metrics",
  "What is computed on the device for each frame.",
  fieldsOf<EdgeMetricsSource>()({
    breathing: {
      type: BREATHING,
      description: "Movement of the chest.",
      when: "There are new samples.",
      proto: 1,
      from: (source: EdgeMetricsSource) => source,
    },
    face: { type: FACE, description: "The measured face.", when: "There is a face.", proto: 4 },
    motion: {
      type: MOTION,
      description: "Movement since the frame before.",
      when: "There was a frame before.",
      proto: 102,
      from: (source: EdgeMetricsSource) => source,
    },
    signal: { type: SIGNAL, description: "Quality of image and signal.", proto: 100 },
    eda: {
      type: list(MEASUREMENT),
      description:
        "Electrodermal activity: an experimental proxy from peripheral blood flow, relative.",
      unit: "arbitrary units",
      when: "The server runs with `--enable_eda` and there are new samples.",
      proto: { number: 3, wrapper: { message: "Eda", field: "trace" } },
    },
    metadata: {
      type: METADATA,
      description: "What the message says about itself.",
      proto: 103,
      from: ({ identity }: EdgeMetricsSource) => identity,
    },
  }),
  [{ declaration: "MicroMotion micromotion = 2", description: "Never set." }],
);

export type EdgeMetricsPayload = PayloadOf<typeof EDGE_METRICS["fields"]>;
