import assert from "node:assert/strict";
import type { MetricTopic } from "../../../src/envelopes/envelope.ts";
import { rowOf } from "../../../src/database/rows.ts";
import { FAKE_START_US, fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";
import { goldenEnvelopes } from "../../support/golden_envelopes.ts";

/** Returns the row of an envelope as a reader receives it. */
function rowFrom(envelope: unknown, device = "ward-1") {
  const parsed = JSON.parse(JSON.stringify(envelope));
  return rowOf({ device, topic: parsed.type as MetricTopic, envelope: parsed });
}

/** Returns a message with this payload and metadata. */
function message(payload: object, metadata: object = {}, timestamp: unknown = FAKE_START_US) {
  return { type: "core_metrics", timestamp, payload: { ...payload, metadata } };
}

/** Returns the values of the row of such a message. */
function valuesOf(payload: object, metadata: object = {}): Record<string, unknown> {
  return { ...rowFrom(message(payload, metadata))!.values };
}

Deno.test("rowOf() has every value of the golden message", () => {
  const golden = goldenEnvelopes().filter(({ type }) => type === "core_metrics").at(-1)!;
  assert.deepEqual(rowFrom(golden), {
    table: "measurements",
    values: {
      device: "ward-1",
      time: FAKE_START_US + 14_800_000,
      boot_id: "golden",
      sequence: 74,
      session_id: null,
      subject: 1,
      pulse: 72.19,
      pulse_confidence: 1,
      pulse_withheld: null,
      breathing: 15.25,
      breathing_confidence: 0.996,
      breathing_withheld: null,
      apnea: null,
      hrv_rmssd_ms: null,
      hrv_sdnn_ms: null,
      hrv_mean_nn_ms: null,
      hrv_confidence: null,
      latency_ms: 12.5,
    },
  });
});

Deno.test("rowOf() has null for a withheld value, with its reason", () => {
  const [withheld] = fakeMetrics(0);
  const values: Record<string, unknown> = { ...rowFrom(withheld)!.values };
  assert.equal(values["pulse"], null);
  assert.equal(values["pulse_confidence"], null);
  assert.equal(values["pulse_withheld"], "warming_up");
  assert.equal(values["breathing_withheld"], "warming_up");
});

Deno.test("rowOf() has variability, apnea, session and subject", () => {
  const values = valuesOf({
    pulse: { hrv: { rmssd: 32, sdnn: 41.5, mean_nn: 827, confidence: 0.8 } },
    breathing: { apnea: [{ detected: false }, { detected: true }] },
  }, { session_id: "visit-7", subject: 2 });
  assert.equal(values["hrv_rmssd_ms"], 32);
  assert.equal(values["hrv_sdnn_ms"], 41.5);
  assert.equal(values["hrv_mean_nn_ms"], 827);
  assert.equal(values["hrv_confidence"], 0.8);
  assert.equal(values["apnea"], true);
  assert.equal(values["session_id"], "visit-7");
  assert.equal(values["subject"], 2);
});

Deno.test("rowOf() has the same key for a message that is replayed", () => {
  const key = (metadata: object) => {
    const { device, boot_id, sequence } = valuesOf({}, metadata);
    return [device, boot_id, sequence];
  };
  const identity = { boot_id: "a", sequence: 3 };
  assert.deepEqual(key(identity), key({ ...identity, replayed: true }));
  assert.deepEqual(key(identity), ["ward-1", "a", 3]);
  assert.deepEqual(key({}), ["ward-1", "", FAKE_START_US]);
});

Deno.test("rowOf() has the time at which a status began, so that its repetitions are one row", () => {
  const first = fakeStatus(1, "OK", "visit-7");
  const later = { ...fakeStatus(26, "OK", "visit-7"), payload: first.payload };
  assert.deepEqual(rowFrom(later), rowFrom(first));
  assert.deepEqual(rowFrom(first), {
    table: "statuses",
    values: {
      device: "ward-1",
      time: FAKE_START_US + 200_000,
      code: 0,
      name: "OK",
      message: "Measuring.",
      session_id: "visit-7",
    },
  });
});

Deno.test("rowOf() has recordings", () => {
  const envelope = (payload: object) => ({
    type: "recording_state",
    timestamp: FAKE_START_US,
    payload,
  });
  const common = { device: "ward-1", time: FAKE_START_US };
  assert.deepEqual(
    rowFrom(envelope({ recording: true, session_id: "a", resumed: true }))?.values,
    { ...common, recording: true, session_id: "a", resumed: true },
  );
  assert.deepEqual(
    rowFrom(envelope({ recording: false }))?.values,
    { ...common, recording: false, session_id: null, resumed: null },
  );
});

Deno.test("rowOf() ignores what no server publishes", () => {
  assert.equal(rowFrom({ ...message({}), type: "edge_metrics" }), undefined);
  assert.equal(rowFrom({ ...message({}), type: "status" }), undefined);
  assert.equal(rowFrom({ ...message({ code: -1 }), type: "status" }), undefined);
  assert.equal(rowFrom({ ...message({ recording: 1 }), type: "recording_state" }), undefined);
  assert.equal(rowFrom(message({}), "\0"), undefined);
  for (const time of [-1, 0, 1e300, 946_684_799_999_999, 4_102_444_800_000_001]) {
    assert.equal(rowFrom(message({}, {}, time)), undefined, String(time));
  }
  for (const time of [946_684_800_000_000, 4_102_444_800_000_000, 1e15 + 0.25]) {
    assert.equal(rowFrom(message({}, {}, time))?.values.time, Math.round(time));
  }
});

Deno.test("rowOf() has null for values of another type, and out of range", () => {
  const values = valuesOf(
    {
      pulse: { strict: { value: "72", confidence: {} }, hrv: [1] },
      breathing: "fast",
      withheld: { pulse: 7, breathing: "" },
    },
    { sequence: 1.5, subject: 2 ** 31, boot_id: 9, session_id: ["a"], latency_ms: null },
  );
  const { device, time, boot_id, sequence, ...others } = values;
  assert.deepEqual([device, time, boot_id, sequence], [
    "ward-1",
    FAKE_START_US,
    "",
    FAKE_START_US,
  ]);
  assert(Object.values(others).every((value) => value === null), JSON.stringify(others));
});

Deno.test("rowOf() removes characters that databases refuse, and shortens texts", () => {
  const text = (sessionId: string) => valuesOf({}, { session_id: sessionId })["session_id"];
  assert.equal(text("a\0b\nc\u0085"), "abc");
  assert.equal(text("a\ud800b"), "a\ufffdb");
  assert.equal(text("x".repeat(501)), "x".repeat(500));
  assert.equal(text("x".repeat(499) + "😀"), "x".repeat(499) + "\ufffd");
});
