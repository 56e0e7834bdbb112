import assert from "node:assert/strict";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { isRecordingState, sessionIdOf } from "../../../src/recording/saved_envelope.ts";

function envelope(type: string, timestamp: number, payload: Record<string, unknown> = {}) {
  return { type, timestamp, payload } satisfies ReceivedEnvelope;
}

const start = (timestamp: number, id: unknown) =>
  envelope("recording_state", timestamp, { recording: true, session_id: id });

Deno.test("isRecordingState() takes changes and present states, but no replayed status", () => {
  const status = (payload: Record<string, unknown>) =>
    isRecordingState(envelope("status", 1, payload));
  assert.equal(isRecordingState(envelope("recording_state", 1)), true);
  assert.equal(status({ recording: true }), true);
  assert.equal(status({ recording: false, metadata: null }), true);
  assert.equal(status({ recording: true, metadata: { replayed: true } }), false);
  assert.equal(status({ recording: "yes" }), false);
  assert.equal(isRecordingState(envelope("core_metrics", 1, { recording: true })), false);
});

Deno.test("sessionIdOf() is the id, or the timestamp without one", () => {
  assert.equal(sessionIdOf(start(5, "visit-7")), "visit-7");
  assert.equal(sessionIdOf(start(5, "")), "5");
  assert.equal(sessionIdOf(envelope("recording_state", 6, { recording: false })), "6");
  assert.equal(sessionIdOf(start(7, { toString: 1 })), "7");
});
