import assert from "node:assert/strict";
import type { RecordingCommand } from "../../../src/control/recording.ts";
import { Hub } from "../../../src/web/hub.ts";
import { RecordingControl, recordingOf } from "../../../src/web/recording_control.ts";
import { fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { settle } from "../../support/manual_clock.ts";

const START: RecordingCommand = { recording: true, sessionId: "visit-7" };
const STOP: RecordingCommand = { recording: false } as RecordingCommand;

/** A hub with the device `bed-1`, which is not recording. */
function start({ isReachable = true } = {}) {
  const time = { nowMs: 0 };
  const hub = new Hub({ nowMs: () => time.nowMs });
  const sent: [string, RecordingCommand][] = [];
  const control = new RecordingControl({
    hub,
    send: (device, command) => {
      sent.push([device, command]);
      return isReachable;
    },
  });
  const state = (device: string, sessionId?: string) =>
    hub.publishEnvelope(device, {
      topic: "recording_state",
      envelope: fakeRecordingState(1, sessionId),
    });
  hub.publishEnvelope("bed-1", { topic: "status", envelope: fakeStatus(0) });
  return { time, hub, sent, control, state };
}

Deno.test("RecordingControl.command() is confirmed by a state of the device that agrees", async () => {
  using timers = new HeldTimers();
  const { control, sent, state } = start();
  const outcome = control.command("bed-1", START);
  assert.deepEqual(sent, [["bed-1", START]]);
  await settle();
  state("bed-2", "visit-7");
  state("bed-1", "another");
  state("bed-1");
  let isOver = false;
  outcome.then(() => isOver = true);
  await settle();
  assert.equal(isOver, false);
  state("bed-1", "visit-7");
  assert.equal(await outcome, "confirmed");
  assert.deepEqual(timers.remainingMs, []);
  assert.equal(await control.command("bed-1", START), "confirmed", "it changes nothing");
});

Deno.test("RecordingControl.command() is confirmed by any session if it names none", async () => {
  const { control, state } = start();
  state("bed-1", "visit-7");
  const unnamed = { recording: true } as RecordingCommand;
  assert.equal(await control.command("bed-1", unnamed), "confirmed");
  const stopping = control.command("bed-1", STOP);
  await settle();
  state("bed-1");
  assert.equal(await stopping, "confirmed");
});

Deno.test("RecordingControl.command() waits 3 s for the confirmation", async () => {
  using timers = new HeldTimers();
  const { control } = start();
  const outcome = control.command("bed-1", START);
  let isOver = false;
  outcome.then(() => isOver = true);
  await settle();
  timers.advance(2999);
  await settle();
  assert.equal(isOver, false);
  timers.advance(1);
  assert.equal(await outcome, "unconfirmed");
});

Deno.test("RecordingControl.command() sends nothing to a silent device", async () => {
  const { control, sent, time } = start();
  time.nowMs = 5000;
  assert.equal(await control.command("bed-1", START), "silent");
  assert.deepEqual(sent, []);
});

Deno.test("RecordingControl.command() reports a device that cannot be reached", async () => {
  using timers = new HeldTimers();
  const { control } = start({ isReachable: false });
  assert.equal(await control.command("bed-1", START), "unreachable");
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("recordingOf() is the newest of the recording state and of what the status repeats", () => {
  const { hub, time, state } = start();
  const ofStatus = (recording: unknown, sessionId?: string) => {
    const envelope = fakeStatus(1);
    const payload = { ...envelope.payload, recording, session_id: sessionId };
    hub.publishEnvelope("bed-1", { topic: "status", envelope: { ...envelope, payload } });
  };
  assert.equal(recordingOf(hub, "bed-2"), undefined);
  state("bed-1", "visit-7");
  assert.deepEqual(recordingOf(hub, "bed-1"), { recording: true, sessionId: "visit-7" });
  time.nowMs = 100;
  ofStatus(false);
  assert.deepEqual(recordingOf(hub, "bed-1"), { recording: false, sessionId: undefined });
  time.nowMs = 200;
  ofStatus("yes");
  assert.deepEqual(recordingOf(hub, "bed-1"), { recording: true, sessionId: "visit-7" });
  time.nowMs = 300;
  ofStatus(true, "visit-8");
  assert.deepEqual(recordingOf(hub, "bed-1"), { recording: true, sessionId: "visit-8" });
  time.nowMs = 400;
  state("bed-1");
  assert.equal(recordingOf(hub, "bed-1")?.recording, false);
});
