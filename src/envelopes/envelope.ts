import type { EpochUs } from "../base/time.ts";
import type { CoreMetricsPayload } from "./fields/core_metrics.ts";
import type { EdgeMetricsPayload } from "./fields/edge_metrics.ts";
import type { RecordingStatePayload, StatusPayload } from "./fields/state.ts";
import { type Topic, TOPICS } from "./fields/table.ts";

export { type Topic, TOPICS } from "./fields/table.ts";

/** The topics whose messages are envelopes without an image. */
export type MetricTopic = Exclude<Topic, "frame">;

export const METRIC_TOPICS: readonly MetricTopic[] = TOPICS.filter((topic) => topic !== "frame");

interface EnvelopeOf<T extends Topic, Payload> {
  readonly type: T;
  /** Time that the data describe. */
  readonly timestamp: EpochUs;
  readonly payload: Payload;
}

/** A message as clients receive it, apart from frames, whose images stay JPEG bytes. */
export type Envelope =
  | EnvelopeOf<"core_metrics", CoreMetricsPayload>
  | EnvelopeOf<"edge_metrics", EdgeMetricsPayload>
  | EnvelopeOf<"status", StatusPayload>
  | EnvelopeOf<"recording_state", RecordingStatePayload>;

const encoder = new TextEncoder();

/** The envelope as UTF-8 JSON, with its three keys in the documented order. */
export function encodeEnvelope({ type, timestamp, payload }: Envelope): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify({ type, timestamp, payload }));
}

/** A frame to publish; its JPEG is not in base64 yet, because not every transport needs that. */
export interface FrameImage {
  /** Capture time. */
  readonly timestamp: EpochUs;
  readonly sequence: number;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** A frame envelope as UTF-8 JSON; the base64 text is written into the result without a copy. */
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
  encoder.encodeInto(base64, bytes.subarray(head.length));
  bytes.set(tail, head.length + base64.length);
  return bytes;
}

/** Size of `encodeFrameEnvelope`'s result for a JPEG of `jpegBytes` bytes, to a few bytes. */
export function frameEnvelopeBytes(jpegBytes: number): number {
  return Math.ceil(jpegBytes / 3) * 4 + 160;
}
