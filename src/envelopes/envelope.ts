import type { StatusName } from "../vitals/estimate.ts";

/** The five kinds of message, which are also the last part of a channel's name. */
export const TOPICS = [
  "core_metrics",
  "edge_metrics",
  "status",
  "frame",
  "recording_state",
] as const;
export type Topic = typeof TOPICS[number];

/** Times on the wire: integer microseconds since the Unix epoch. */
export type EpochUs = number;

export interface Measurement {
  readonly value: number;
  readonly timestamp: EpochUs;
  readonly stable?: boolean;
}
export interface RateMeasurement {
  readonly value: number;
  readonly confidence: number;
  readonly stable: boolean;
  readonly timestamp: EpochUs;
}
export interface Detection {
  readonly detected: boolean;
  readonly stable: boolean;
  readonly timestamp: EpochUs;
}
export interface StrictValue {
  readonly value: number;
  readonly confidence: number;
}

/** Every list and value is absent, not empty, where there is nothing to say. */
export interface CoreMetricsPayload {
  readonly pulse?: {
    readonly strict?: StrictValue;
    readonly rate?: readonly RateMeasurement[];
    readonly trace?: readonly Measurement[];
    readonly hrv?: {
      readonly rmssd: number;
      readonly sdnn: number;
      readonly mean_nn: number;
      readonly confidence: number;
    };
    readonly pulse_respiration_quotient?: readonly Measurement[];
  };
  readonly breathing?: {
    readonly strict?: StrictValue;
    readonly rate?: readonly RateMeasurement[];
    readonly upper_trace?: readonly Measurement[];
    readonly amplitude?: readonly Measurement[];
    readonly apnea?: readonly Detection[];
    readonly respiratory_line_length?: readonly Measurement[];
    readonly baseline?: readonly Measurement[];
    readonly inhale_exhale_ratio?: readonly Measurement[];
  };
  readonly withheld?: { readonly pulse?: string; readonly breathing?: string };
  readonly blood_pressure?: { readonly phasic: readonly Measurement[] };
  readonly metadata: {
    readonly sequence: number;
    readonly boot_id: string;
    readonly frame_timestamp: EpochUs;
    readonly frame_count: number;
    readonly latency_ms: number;
    readonly replayed?: true;
  };
}

/** Pixel coordinates of the published frame; left and right as the person has them. */
export interface PixelPoint {
  readonly x: number;
  readonly y: number;
}

export interface EdgeMetricsPayload {
  readonly breathing?: { readonly upper_trace: readonly Measurement[] };
  readonly face?: {
    readonly box: {
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
    };
    /** Right eye, left eye, nose, mouth, right ear, left ear. */
    readonly landmarks: readonly {
      readonly value: readonly PixelPoint[];
      readonly stable: boolean;
      readonly reset: boolean;
      readonly timestamp: EpochUs;
    }[];
    readonly blinking?: readonly Detection[];
    readonly talking?: readonly Detection[];
  };
  readonly motion?: { readonly face_speed?: number; readonly difference: number };
  readonly signal: {
    readonly snr_db?: number;
    readonly brightness: number;
    readonly saturated_fraction: number;
    readonly fps: number;
    /** How far the frames are reduced for a slow link, 0..1; absent where they are not. */
    readonly frame_degradation?: number;
    /** The JPEG quality, 1..100, to which they were reduced. */
    readonly frame_quality?: number;
  };
  readonly eda?: readonly Measurement[];
  readonly metadata: {
    readonly sequence: number;
    readonly boot_id: string;
    readonly replayed?: true;
  };
}

export interface StatusPayload {
  readonly code: number;
  readonly name: StatusName;
  readonly message: string;
  readonly hint: string;
  readonly since: EpochUs;
  readonly sequence: number;
  /** The recording state again, for whoever came too late to hear of its change. */
  readonly recording: boolean;
  readonly session_id?: string;
}

export interface FramePayload {
  readonly data: string;
  readonly width: number;
  readonly height: number;
  readonly format: "jpeg";
  readonly sequence: number;
}

export interface RecordingStatePayload {
  readonly recording: boolean;
  readonly session_id?: string;
  /** The session was going on when the server crashed, and goes on now. */
  readonly resumed?: true;
}

/** The contract's object: three keys, in this order. */
export type Envelope =
  | {
    readonly type: "core_metrics";
    readonly timestamp: EpochUs;
    readonly payload: CoreMetricsPayload;
  }
  | {
    readonly type: "edge_metrics";
    readonly timestamp: EpochUs;
    readonly payload: EdgeMetricsPayload;
  }
  | { readonly type: "status"; readonly timestamp: EpochUs; readonly payload: StatusPayload }
  | {
    readonly type: "recording_state";
    readonly timestamp: EpochUs;
    readonly payload: RecordingStatePayload;
  };

const encoder = new TextEncoder();

/** The envelope as UTF-8 JSON, its keys in the contract's order. */
export function encodeEnvelope({ type, timestamp, payload }: Envelope): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify({ type, timestamp, payload }));
}

/** A picture on its way out: still raw JPEG, because only some backends want base64. */
export interface FrameImage {
  readonly timestamp: EpochUs;
  readonly sequence: number;
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** A frame envelope as UTF-8 JSON, with base64 put straight into the bytes that are sent. */
export function encodeFrameEnvelope(frame: FrameImage): Uint8Array<ArrayBuffer> {
  const head = encoder.encode(
    `{"type":"frame","timestamp":${frame.timestamp},"payload":{"data":"`,
  );
  const tail = encoder.encode(
    `","width":${frame.width},"height":${frame.height},"format":"jpeg","sequence":${frame.sequence}}}`,
  );
  const base64 = frame.jpeg.toBase64();
  const bytes = new Uint8Array(head.length + base64.length + tail.length);
  bytes.set(head);
  encoder.encodeInto(base64, bytes.subarray(head.length)); // one copy less than encode()
  bytes.set(tail, head.length + base64.length);
  return bytes;
}

/** How many bytes `encodeFrameEnvelope` gives for a JPEG of `jpegBytes`, to a few bytes. */
export function frameEnvelopeBytes(jpegBytes: number): number {
  return Math.ceil(jpegBytes / 3) * 4 + 160;
}
