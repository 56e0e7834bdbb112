import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isSessionId,
  newSessionId,
  Recording,
  type RecordingChange,
  recordingPayload,
} from "../../../src/control/recording.ts";

function recorded(): { recording: Recording; changes: RecordingChange[] } {
  const recording = new Recording({ nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
  const changes: RecordingChange[] = [];
  recording.onChange((change) => changes.push(change));
  return { recording, changes };
}

Deno.test("a start and a stop are each told once, with the session while it runs", () => {
  const { recording, changes } = recorded();
  assert.equal(recording.apply({ recording: true, sessionId: "a" }, "grpc"), "changed");
  assert.equal(recording.apply({ recording: false }, "redis"), "changed");
  assert.deepEqual(changes.map((change) => recordingPayload(change.state)), [
    { recording: true, session_id: "a" },
    { recording: false },
  ]);
  assert.deepEqual(changes.map((change) => change.origin), ["grpc", "redis"]);
});

Deno.test("a doubled command changes nothing, with or without the running id", () => {
  const { recording, changes } = recorded();
  recording.apply({ recording: true, sessionId: "a" }, "redis");
  assert.equal(recording.apply({ recording: true, sessionId: "a" }, "redis"), "unchanged");
  assert.equal(recording.apply({ recording: true }, "redis"), "unchanged");
  assert.equal(changes.length, 1);
  assert.deepEqual(recording.state, { recording: true, sessionId: "a" });
});

Deno.test("a start under another id begins another session", () => {
  const { recording, changes } = recorded();
  recording.apply({ recording: true, sessionId: "a" }, "redis");
  recording.apply({ recording: true, sessionId: "b" }, "redis");
  assert.deepEqual(changes[1]?.previous, { recording: true, sessionId: "a" });
  assert.deepEqual(recording.state, { recording: true, sessionId: "b" });
});

Deno.test("a late stop of an earlier session does not stop the running one", () => {
  const { recording } = recorded();
  recording.apply({ recording: true, sessionId: "b" }, "redis");
  assert.equal(recording.apply({ recording: false, sessionId: "a" }, "redis"), "stale");
  assert.equal(recording.state.recording, true);
  assert.equal(recording.apply({ recording: false, sessionId: "b" }, "redis"), "changed");
});

Deno.test("a session that came without an id gets one by its time", () => {
  const { recording } = recorded();
  recording.apply({ recording: true }, "flag");
  assert(recording.state.recording);
  assert.match(recording.state.sessionId, /^20260102T030405Z-[0-9a-f]{6}$/);
});

Deno.test("made ids are valid ids, and no two are the same", () => {
  const ids = new Set(Array.from({ length: 100 }, () => newSessionId(1_700_000_000_000)));
  assert.equal(ids.size, 100);
  for (const id of ids) assert(isSessionId(id));
});

Deno.test("changes that listeners cause are told after the change that caused them", () => {
  const recording = new Recording();
  const seen: string[] = [];
  recording.onChange(({ state }) => {
    if (state.recording) recording.apply({ recording: false }, "http");
  });
  recording.onChange(({ state }) => seen.push(state.recording ? "on" : "off"));
  recording.apply({ recording: true }, "redis");
  assert.deepEqual(seen, ["on", "off"]);
});

Deno.test("a listener that left is not called", () => {
  const recording = new Recording();
  let calls = 0;
  const leave = recording.onChange(() => calls++);
  leave();
  recording.apply({ recording: true }, "redis");
  assert.equal(calls, 0);
});

Deno.test("any commands in any order keep one truth: told changes replay to the state", () => {
  const command = fc.record({
    recording: fc.boolean(),
    sessionId: fc.constantFrom("a", "b", "c"),
  }, { requiredKeys: ["recording"] });
  fc.assert(fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
    const { recording, changes } = recorded();
    const outcomes = commands.map((each) => recording.apply(each, "redis"));
    assert.equal(changes.length, outcomes.filter((outcome) => outcome === "changed").length);
    changes.forEach((change, index) => {
      assert.deepEqual(change.previous, changes[index - 1]?.state ?? { recording: false });
      assert.notDeepEqual(change.state, change.previous);
    });
    assert.deepEqual(changes.at(-1)?.state ?? { recording: false }, recording.state);
  }));
});

Deno.test("ids that could be a path, a flag or a line of their own are refused", () => {
  for (const id of ["visit-7", "2026-01-02T03:04:05Z", "Frau Müller (2)", "a", "_x", "患者1"]) {
    assert(isSessionId(id), id);
  }
  const refused = ["", ".", "..", "../x", "a/b", "a\\b", "-rf", ".hidden", "a\nb", "a\0b", " a"];
  for (const id of [...refused, "a ", "a.", "x".repeat(129), "患".repeat(100), "a\u202eb"]) {
    assert(!isSessionId(id), JSON.stringify(id));
  }
});
