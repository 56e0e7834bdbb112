import type { Frame, Payloads, Topic } from "./envelopes.ts";

/** A topic whose messages are JSON alone. */
export type MetricTopic = Exclude<Topic, "frame">;

/** A message of a device. */
export interface EnvelopeEvent<T extends MetricTopic> {
  readonly type: T;
  /** Name of the device; the key prefix in Redis. */
  readonly device: string;
  /** Time that the data describe, in microseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly payload: Payloads[T];
  /** True if it was replayed after an outage, or kept for clients that join. */
  readonly late: boolean;
}

/** A message of any topic but frames. */
export type MetricEvent = { [T in MetricTopic]: EnvelopeEvent<T> }[MetricTopic];

/** A frame with its JPEG. */
export interface FrameEvent {
  readonly type: "frame";
  readonly device: string;
  /** Capture time, in microseconds since the Unix epoch. */
  readonly timestamp: number;
  readonly payload: Omit<Frame, "data">;
  readonly jpeg: Uint8Array<ArrayBuffer>;
}

/** Whether messages can arrive. */
export interface ConnectionEvent {
  readonly type: "connection";
  readonly connected: boolean;
}

/** A device was dismissed from the page. */
export interface GoneEvent {
  readonly type: "gone";
  readonly device: string;
}

/** An alarm of the page. */
export interface Alarm {
  readonly device: string;
  readonly rule: string;
  readonly priority: "high" | "medium" | "low";
  /** Latched: its condition has ended, and it is not acknowledged. */
  readonly state: "active" | "latched";
  readonly acknowledged: boolean;
  /** In microseconds since the Unix epoch, as `acknowledged_at`. */
  readonly since: number;
  readonly message: string;
  readonly value?: number;
  readonly limit?: number;
  readonly acknowledged_at?: number;
}

/** All alarms of the page, at each change. */
export interface AlarmsEvent {
  readonly type: "alarms";
  readonly alarms: readonly Alarm[];
}

/** The events of a client by their type. */
export type Events =
  & { readonly [T in MetricTopic]: EnvelopeEvent<T> }
  & {
    readonly frame: FrameEvent;
    readonly connection: ConnectionEvent;
    readonly gone: GoneEvent;
    readonly alarms: AlarmsEvent;
  };

export type EventType = keyof Events;
export type StreamEvent = Events[EventType];

/** The JPEG of a frame, for `URL.createObjectURL` or `createImageBitmap`. */
export function frameBlob({ jpeg, payload }: FrameEvent): Blob {
  return new Blob([jpeg], { type: `image/${payload.format}` });
}

/** Returns an envelope of another program as an event, or undefined if it is none. */
export function envelopeEvent(
  value: unknown,
  { device, kept = false }: { readonly device: string; readonly kept?: boolean },
): MetricEvent | undefined {
  if (!isObject(value) || !isObject(value["payload"])) return undefined;
  const { type, timestamp, payload } = value;
  if (typeof timestamp !== "number" || !METRIC_TOPICS.has(type)) return undefined;
  const metadata = payload["metadata"];
  const isMetrics = type === "core_metrics" || type === "edge_metrics";
  if (isMetrics && !isObject(metadata)) return undefined;
  const late = kept || isObject(metadata) && metadata["replayed"] === true;
  return { type, device, timestamp, payload, late } as unknown as MetricEvent;
}

const METRIC_TOPICS: ReadonlySet<unknown> = new Set<MetricTopic>([
  "core_metrics",
  "edge_metrics",
  "status",
  "recording_state",
]);

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
