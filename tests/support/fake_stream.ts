import { epochUs } from "../../src/base/time.ts";
import type { Envelope } from "../../src/envelopes/envelope.ts";

/** 2026-01-01 in microseconds since the Unix epoch. */
export const FAKE_START_US = 1_767_225_600_000_000;

/**
 * The metric envelopes of one period, like those of a real appliance, for tests of clients.
 *
 * @param n Number of the period; its time is `n` * 0.2 s.
 */
export function fakeMetrics(n: number): Envelope[] {
  const timestamp = epochUs(FAKE_START_US + n * 200_000);
  const trace = Array.from({ length: 6 }, (_, index) => {
    const time = epochUs(timestamp - (5 - index) * 33_333);
    return { value: Math.sin(time / 1e6 * 2 * Math.PI * 1.2), timestamp: time };
  });
  const warm = n >= 3;
  return [{
    type: "core_metrics",
    timestamp,
    payload: {
      pulse: {
        ...(warm ? { strict: { value: 72.5, confidence: 0.95, window_s: 10 } } : {}),
        rate: [{ value: 72.5, confidence: 0.95, stable: warm, timestamp }],
        trace,
        ...(n % 5 === 4 ? { hrv: { rmssd: 32, sdnn: 41.5, mean_nn: 827, confidence: 0.8 } } : {}),
      },
      breathing: {
        ...(warm ? { strict: { value: 16.2, confidence: 0.89, window_s: 20 } } : {}),
        upper_trace: trace.slice(3),
        apnea: [{ detected: false, stable: true, timestamp }],
      },
      ...(warm ? {} : { withheld: { pulse: "warming_up", breathing: "warming_up" } }),
      metadata: {
        sequence: n,
        boot_id: "fake",
        frame_timestamp: timestamp,
        frame_count: 6 * n,
        latency_ms: 12.5,
      },
    },
  }, {
    type: "edge_metrics",
    timestamp: epochUs(timestamp + 1),
    payload: {
      breathing: { upper_trace: trace },
      face: {
        box: { x: 200, y: 100, width: 200, height: 260 },
        landmarks: [{ value: [{ x: 250, y: 180 }], stable: true, reset: false, timestamp }],
      },
      motion: { difference: 0.4 },
      signal: {
        ...(warm ? { snr_db: 6.5 } : {}),
        brightness: 118,
        saturated_fraction: 0.01,
        fps: 29.9,
      },
      metadata: { sequence: n, boot_id: "fake" },
    },
  }];
}

export function fakeStatus(
  n: number,
  name: "OK" | "NO_FACES_FOUND" = "OK",
  sessionId?: string,
): Envelope {
  const timestamp = epochUs(FAKE_START_US + n * 200_000);
  return {
    type: "status",
    timestamp,
    payload: {
      code: name === "OK" ? 0 : 1,
      name,
      message: name === "OK" ? "Measuring." : "No face is in the picture.",
      hint: name === "OK" ? "" : "Sit in front of the camera.",
      since: timestamp,
      sequence: n,
      recording: sessionId !== undefined,
      ...sessionId === undefined ? {} : { session_id: sessionId },
    },
  };
}

export function fakeRecordingState(n: number, sessionId?: string): Envelope {
  return {
    type: "recording_state",
    timestamp: epochUs(FAKE_START_US + n * 200_000),
    payload: sessionId === undefined
      ? { recording: false }
      : { recording: true, session_id: sessionId },
  };
}

/** A complete JPEG of one grey pixel, in base64. */
// deno-fmt-ignore
const PIXEL = "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APn+v//Z";

export function fakeJpeg(): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(PIXEL);
}
