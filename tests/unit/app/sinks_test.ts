import assert from "node:assert/strict";
import { completionSink, envelopeSink, statusSink } from "../../../src/app/sinks.ts";
import { Bus } from "../../../src/delivery/bus.ts";
import type { Envelope } from "../../../src/envelopes/envelope.ts";
import { fakeFrame } from "../../support/fake_outbox.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { ManualClock } from "../../support/manual_clock.ts";

Deno.test("envelopeSink() takes each envelope and no frame", () => {
  const taken: Envelope[] = [];
  const bus = new Bus([envelopeSink((envelope) => taken.push(envelope))]);
  bus.publishFrame(fakeFrame(new ManualClock(), 1));
  const published = [...fakeMetrics(1), fakeStatus(1), fakeRecordingState(1)];
  for (const envelope of published) bus.publish(envelope);
  assert.deepEqual(taken, published);
});

Deno.test("statusSink() shows the message of each status, and nothing of other envelopes", () => {
  const shown: string[] = [];
  const bus = new Bus([statusSink({ status: (text) => shown.push(text) })]);
  for (const envelope of [...fakeMetrics(1), fakeRecordingState(1)]) bus.publish(envelope);
  assert.deepEqual(shown, []);
  bus.publish(fakeStatus(1));
  bus.publish(fakeStatus(2, "NO_FACES_FOUND"));
  assert.deepEqual(shown, ["Measuring.", "No face is in the picture."]);
});

Deno.test("completionSink() stops for core metrics with both rates, and for no others", () => {
  const value = { strict: { value: 70, confidence: 0.9 } };
  const [core, edge, status] = [...fakeMetrics(4), fakeStatus(4)];
  const cases: [Envelope, number][] = [
    [core!, 1],
    [{ ...core, payload: { ...core!.payload, pulse: {}, breathing: value } } as Envelope, 0],
    [{ ...core, payload: { ...core!.payload, pulse: value, breathing: {} } } as Envelope, 0],
    [{ ...core, payload: { metadata: {} } } as Envelope, 0],
    [{ ...edge, payload: { ...edge!.payload, pulse: value, breathing: value } } as Envelope, 0],
    [{ ...status, payload: { ...status!.payload, pulse: value, breathing: value } } as Envelope, 0],
  ];
  for (const [envelope, expected] of cases) {
    let stops = 0;
    new Bus([completionSink(() => stops++)]).publish(envelope);
    assert.equal(stops, expected, JSON.stringify(envelope).slice(0, 200));
  }
});
