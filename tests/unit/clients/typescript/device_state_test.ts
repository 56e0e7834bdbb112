import assert from "node:assert/strict";
import { DeviceState } from "../../../../clients/typescript/src/device_state.ts";
import { envelopeEvent, type MetricEvent } from "../../../../clients/typescript/src/events.ts";
import { Repetitions } from "../../../../clients/typescript/src/repetitions.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../../support/fake_stream.ts";

const event = (envelope: unknown, kept = false): MetricEvent =>
  envelopeEvent(envelope, { device: "bed-1", kept })!;
const core = (n: number, kept = false) => event(fakeMetrics(n)[0], kept);

function stateAt() {
  const clock = { nowMs: 0 };
  return { clock, state: new DeviceState({ now: () => clock.nowMs }) };
}

Deno.test("DeviceState is stale before the first core metrics, and after a silence", () => {
  const { clock, state } = stateAt();
  assert.deepEqual([state.isStale, state.ageMs, state.reason("pulse")], [true, undefined, "stale"]);
  state.take(core(5));
  clock.nowMs = 5000;
  assert.deepEqual([state.pulse?.value, state.breathing?.value], [72.5, 16.2]);
  assert.equal(state.reason("pulse"), undefined);
  clock.nowMs = 5001;
  assert.deepEqual([state.pulse, state.breathing], [undefined, undefined]);
  assert.deepEqual([state.reason("breathing"), state.ageMs], ["stale", 5001]);
});

Deno.test("DeviceState has the reason of a withheld value", () => {
  const { state } = stateAt();
  state.take(core(0));
  assert.deepEqual([state.pulse, state.reason("pulse")], [undefined, "warming_up"]);
});

Deno.test("DeviceState shows no late value, and does not go back to one", () => {
  const { state } = stateAt();
  state.take(core(5, true));
  assert.equal(state.core_metrics?.timestamp, core(5).timestamp);
  assert.equal(state.reason("pulse"), "stale");
  state.take(core(6));
  state.take(core(5, true));
  assert.equal(state.core_metrics?.timestamp, core(6).timestamp);
  assert.equal(state.pulse?.value, 72.5);
});

Deno.test("DeviceState follows a clock that was set back", () => {
  const { state } = stateAt();
  state.take(core(6));
  state.take(core(0));
  assert.equal(state.core_metrics?.timestamp, core(0).timestamp);
});

Deno.test("DeviceState has the newer of recording state and status", () => {
  const { state } = stateAt();
  assert.equal(state.recording, undefined);
  state.take(event(fakeStatus(1)));
  assert.equal(state.recording, false);
  state.take(event(fakeRecordingState(2, "visit")));
  assert.equal(state.recording, true);
  state.take(event(fakeStatus(3)));
  assert.equal(state.recording, false);
});

Deno.test("Repetitions recognizes metrics by run and sequence, states by their time", () => {
  const repetitions = new Repetitions();
  const other = { ...core(1), device: "bed-2" } as MetricEvent;
  const edge = event(fakeMetrics(1)[1]);
  const states = [event(fakeStatus(1)), event(fakeRecordingState(1)), event(fakeStatus(2))];
  for (const each of [core(1), core(2), other, edge, ...states]) {
    assert.ok(repetitions.isNew(each));
    assert.ok(!repetitions.isNew({ ...each, late: true } as MetricEvent));
  }
});

Deno.test("Repetitions forgets the oldest", () => {
  const repetitions = new Repetitions(3);
  for (const n of [0, 1, 2, 3]) repetitions.isNew(core(n));
  assert.ok(!repetitions.isNew(core(1)));
  assert.ok(repetitions.isNew(core(0)));
});
