import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { epochUs } from "../../../src/base/time.ts";
import { encodeFrameEnvelope } from "../../../src/envelopes/envelope.ts";
import { arrivalOf } from "../../../src/fleet/arrivals.ts";

const NOW = { epochMs: 5000, monotonicMs: 70 };

Deno.test("arrivalOf() reads a metric, with its boot id and whether it was replayed", () => {
  const text = JSON.stringify({
    type: "core_metrics",
    timestamp: 4_990_000,
    payload: { metadata: { sequence: 7, boot_id: "b", replayed: true } },
  });
  assert.deepEqual(arrivalOf("ward-1:core_metrics", Buffer.from(text), NOW), {
    device: "ward-1",
    topic: "core_metrics",
    bootId: "b",
    sequence: 7,
    latencyMs: 10,
    replayed: true,
    atMs: 70,
  });
});

Deno.test("arrivalOf() reads a status, whose sequence is in the payload", () => {
  const text = JSON.stringify({ type: "status", timestamp: 0, payload: { sequence: 3 } });
  const arrival = arrivalOf("ward-1:status", text, NOW);
  assert.deepEqual([arrival?.bootId, arrival?.sequence, arrival?.replayed], ["", 3, false]);
});

Deno.test("arrivalOf() reads a frame of any size without its image", () => {
  for (const size of [1, 100, 100_000]) {
    const frame = { timestamp: epochUs(4_000_000), sequence: 12, width: 640, height: 480 };
    const bytes = encodeFrameEnvelope({ ...frame, jpeg: new Uint8Array(size) });
    const arrival = arrivalOf("ward-1:frame", Buffer.from(bytes), NOW);
    assert.deepEqual([arrival?.sequence, arrival?.latencyMs], [12, 1000]);
    assert.deepEqual([arrival?.bootId, arrival?.replayed], ["", false]);
  }
});

Deno.test("arrivalOf() returns nothing for what is no message of a device, whatever it is", () => {
  assert.equal(arrivalOf("ward-1:other", "{}", NOW), undefined);
  fc.assert(fc.property(fc.string(), fc.constantFrom("core_metrics", "frame"), (text, topic) => {
    assert.equal(arrivalOf(`ward-1:${topic}`, Buffer.from(text), NOW), undefined);
  }));
});

Deno.test("arrivalOf() returns nothing for a frame without its time or its sequence", () => {
  for (const text of [`{"timestamp":4,"payload":{}}`, `{"payload":{"sequence":4}}`]) {
    assert.equal(arrivalOf("ward-1:frame", text, NOW), undefined, text);
  }
});
