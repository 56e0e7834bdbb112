import type { Redis } from "ioredis";
import { encodeEnvelope } from "../../src/envelopes/envelope.ts";
import type { FrameOutgoing, MetricOutgoing } from "../../src/envelopes/message.ts";
import { SystemClock } from "../../src/telemetry/clock.ts";

/** Clock of the tests with real servers. */
export const clock = new SystemClock();

/** Returns a core_metrics message of the current time with a sequence number. */
export function coreMetric(sequence: number): MetricOutgoing {
  const timestamp = clock.epochUs(clock.monotonicUs());
  const bytes = encodeEnvelope({
    type: "core_metrics",
    timestamp,
    payload: {
      pulse: { strict: { value: 72.5, confidence: 0.95, window_s: 10 } },
      metadata: {
        sequence,
        boot_id: "test",
        frame_timestamp: timestamp,
        frame_count: sequence,
        latency_ms: 1,
      },
    },
  });
  return { kind: "metric", topic: "core_metrics", timestamp, bytes };
}

/** Returns an edge_metrics message of the current time with a sequence number. */
export function edgeMetric(sequence: number): MetricOutgoing {
  const timestamp = clock.epochUs(clock.monotonicUs());
  const bytes = encodeEnvelope({
    type: "edge_metrics",
    timestamp,
    payload: {
      signal: { brightness: 0.5, saturated_fraction: 0, fps: 30 },
      metadata: { sequence, boot_id: "test" },
    },
  });
  return { kind: "metric", topic: "edge_metrics", timestamp, bytes };
}

/** Returns a status or recording_state message of the current time with a sequence number. */
export function statusMessage(
  topic: "status" | "recording_state",
  sequence: number,
): MetricOutgoing {
  const timestamp = clock.epochUs(clock.monotonicUs());
  const text = JSON.stringify({ type: topic, timestamp, payload: { sequence } });
  return { kind: "metric", topic, timestamp, bytes: new TextEncoder().encode(text) };
}

/** Returns a frame captured now, with `jpegBytes` bytes that are a JPEG only by their markers. */
export function frame(sequence: number, jpegBytes = 30_000): FrameOutgoing {
  const captureUs = clock.monotonicUs();
  const timestamp = clock.epochUs(captureUs);
  const jpeg = new Uint8Array(jpegBytes).fill(0x55);
  jpeg.set([0xff, 0xd8]);
  jpeg.set([0xff, 0xd9], jpegBytes - 2);
  const image = { timestamp, sequence, width: 640, height: 480, jpeg };
  return { kind: "frame", topic: "frame", timestamp, captureUs, image };
}

/** An envelope that a subscriber received, with the keys that the tests use. */
export interface Received {
  readonly type: string;
  readonly timestamp: number;
  readonly payload: {
    readonly sequence?: number;
    readonly data?: string;
    readonly metadata?: { readonly sequence: number; readonly replayed?: true };
  };
}

/** Adds each message that the client receives to `received`. */
export function listen(client: Redis, received: Received[]): void {
  client.on("message", (_channel, text) => received.push(JSON.parse(text)));
  client.on("smessage", (_channel, text) => received.push(JSON.parse(text)));
}

/** Returns the sequence numbers of metrics. */
export function sequencesOf(received: readonly Received[]): Set<number> {
  return new Set(received.map(({ payload }) => payload.metadata?.sequence ?? 0));
}
