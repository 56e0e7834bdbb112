/** The messages of `v1/stream` and the answers of the other paths, as the page reads them. */
import type { Alarm } from "../../alarms/alarm.ts";
import type { Envelope } from "../../envelopes/envelope.ts";
import type { FramePayload } from "../../envelopes/fields/state.ts";

export type { Alarm } from "../../alarms/alarm.ts";
export type { Priority } from "../../alarms/rules.ts";
export type { Session } from "../sessions.ts";

/** An envelope of a device; a publisher may leave out any key. */
export type EnvelopeMessage = Envelope & { readonly device: string };

export interface FrameMessage {
  readonly type: "frame";
  /** Capture time, in microseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly device: string;
  readonly payload: Omit<FramePayload, "data">;
}

export type ServerMessage =
  | EnvelopeMessage
  | FrameMessage
  | { readonly type: "heard"; readonly device: string; readonly ago_ms: number }
  | { readonly type: "connection"; readonly connected: boolean }
  | { readonly type: "gone"; readonly device: string }
  | { readonly type: "hidden"; readonly count: number }
  | { readonly type: "alarms"; readonly alarms: readonly Alarm[] }
  | { readonly type: "alive" };

/** What the page receives; each message replaces the one before. */
export interface Subscription {
  readonly subscribe: readonly string[];
  readonly devices: readonly string[];
  readonly live: readonly string[];
  readonly stills: readonly string[];
}

/** What the server offers, from `v1/page`. */
export interface PageInfo {
  readonly title?: string;
  readonly alarms: boolean;
  readonly sessions: boolean;
  readonly history: boolean;
  /** Names or patterns of the devices of each group of the alarm rules. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
}

export type Outcome = "confirmed" | "unconfirmed" | "silent" | "unreachable";

export interface RecordingResult {
  readonly device: string;
  readonly recording: boolean;
  readonly outcome: Outcome;
}

/** Columns of `v1/trends`; null if no value was trusted in the interval. */
export interface Trend {
  readonly device: string;
  readonly interval_s: number;
  readonly columns: {
    /** Microseconds since the Unix epoch. */
    readonly time: readonly number[];
    readonly pulse: readonly (number | null)[];
    readonly pulse_confidence: readonly (number | null)[];
    readonly breathing: readonly (number | null)[];
    readonly breathing_confidence: readonly (number | null)[];
  };
}

/** Length of the capture time before the JPEG of a binary message. */
const FRAME_HEADER_BYTES = 8;

/** Returns the JPEG of a binary message. */
export function jpegOf(message: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(message, FRAME_HEADER_BYTES);
}
