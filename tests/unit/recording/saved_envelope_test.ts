import assert from "node:assert/strict";
import { MAX_CHARACTERS, MAX_DEPTH } from "../../../src/envelopes/untrusted.ts";
import {
  isRecordingState,
  parseEnvelope,
  type SavedEnvelope,
  sessionIdOf,
} from "../../../src/recording/saved_envelope.ts";

function envelope(type: string, timestamp: number, payload: Record<string, unknown> = {}) {
  return { type, timestamp, payload } satisfies SavedEnvelope;
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

Deno.test("parseEnvelope() returns an envelope, and undefined for anything else", () => {
  const valid = { type: "status", timestamp: 5, payload: {} };
  assert.deepEqual(parseEnvelope(JSON.stringify(valid)), valid);
  for (
    const invalid of [
      { ...valid, type: 1 },
      { ...valid, timestamp: "5" },
      { ...valid, timestamp: null },
      { ...valid, payload: null },
      { ...valid, payload: [] },
      { ...valid, payload: "x" },
      null,
      7,
    ]
  ) assert.equal(parseEnvelope(JSON.stringify(invalid)), undefined, JSON.stringify(invalid));
  assert.equal(parseEnvelope("{"), undefined);
});

/** An envelope whose payload is nested until the text has `depth` levels. */
const nested = (depth: number) =>
  `{"type":"t","timestamp":1,"payload":{"a":${"[".repeat(depth - 2)}${"]".repeat(depth - 2)}}}`;

Deno.test("parseEnvelope() accepts a depth of 32, and nothing deeper", () => {
  assert.equal(parseEnvelope(nested(MAX_DEPTH))?.type, "t");
  for (const depth of [MAX_DEPTH + 1, 10_000]) {
    assert.equal(parseEnvelope(nested(depth)), undefined);
  }
  const brackets = JSON.stringify(envelope("t", 1, { text: '[{"'.repeat(100) }));
  assert.equal(parseEnvelope(brackets)?.type, "t");
});

Deno.test("parseEnvelope() accepts 262144 characters, and no more", () => {
  const empty = JSON.stringify(envelope("t", 1, { text: "" })).length;
  const sized = (characters: number) =>
    parseEnvelope(JSON.stringify(envelope("t", 1, { text: "x".repeat(characters - empty) })));
  assert.equal(sized(MAX_CHARACTERS)?.type, "t");
  assert.equal(sized(MAX_CHARACTERS + 1), undefined);
});
