import assert from "node:assert/strict";
import {
  isReplayed,
  metadataOf,
  parseEnvelope,
  type ReceivedEnvelope,
} from "../../../src/envelopes/received.ts";
import { MAX_CHARACTERS, MAX_DEPTH } from "../../../src/envelopes/untrusted.ts";

function envelope(type: string, timestamp: number, payload: Record<string, unknown> = {}) {
  return { type, timestamp, payload } satisfies ReceivedEnvelope;
}

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

Deno.test("isReplayed() and metadataOf() accept any metadata", () => {
  const replayed = (metadata: unknown) => isReplayed(envelope("core_metrics", 1, { metadata }));
  assert.equal(replayed({ replayed: true }), true);
  for (const other of [{ replayed: "true" }, { replayed: false }, {}, null, 7, [], "replayed"]) {
    assert.equal(replayed(other), false, JSON.stringify(other));
  }
  assert.deepEqual(metadataOf(envelope("core_metrics", 1, { metadata: [1] })), {});
  assert.deepEqual(metadataOf(envelope("core_metrics", 1)), {});
});
