import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isSessionId,
  newSessionId,
  Recording,
  type RecordingChange,
  recordingPayload,
} from "../../../src/control/recording.ts";

function observedRecording(): { recording: Recording; changes: RecordingChange[] } {
  const recording = new Recording({ nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) });
  const changes: RecordingChange[] = [];
  recording.onChange((change) => changes.push(change));
  return { recording, changes };
}

Deno.test("Recording reports a start and a stop once each, with the session id while recording", () => {
  const { recording, changes } = observedRecording();
  assert.equal(recording.apply({ recording: true, sessionId: "a" }, "grpc"), "changed");
  assert.equal(recording.apply({ recording: false }, "redis"), "changed");
  assert.deepEqual(changes.map((change) => recordingPayload(change.state)), [
    { recording: true, session_id: "a" },
    { recording: false },
  ]);
  assert.deepEqual(changes.map((change) => change.origin), ["grpc", "redis"]);
});

Deno.test("Recording.apply() ignores a repeated start, with or without the current id", () => {
  const { recording, changes } = observedRecording();
  recording.apply({ recording: true, sessionId: "a" }, "redis");
  assert.equal(recording.apply({ recording: true, sessionId: "a" }, "redis"), "unchanged");
  assert.equal(recording.apply({ recording: true }, "redis"), "unchanged");
  assert.equal(changes.length, 1);
  assert.deepEqual(recording.state, { recording: true, sessionId: "a" });
});

Deno.test("Recording.apply() ends the session and begins a new one if a start has another id", () => {
  const { recording, changes } = observedRecording();
  recording.apply({ recording: true, sessionId: "a" }, "redis");
  recording.apply({ recording: true, sessionId: "b" }, "redis");
  const [a, off, b] = [
    { recording: true, sessionId: "a" },
    { recording: false },
    { recording: true, sessionId: "b" },
  ] as const;
  assert.deepEqual(changes, [
    { state: a, previous: off, origin: "redis" },
    { state: off, previous: a, origin: "redis" },
    { state: b, previous: off, origin: "redis" },
  ]);
  assert.deepEqual(recording.state, { recording: true, sessionId: "b" });
});

Deno.test("Recording.apply() rejects a stop of an earlier session as stale", () => {
  const { recording } = observedRecording();
  recording.apply({ recording: true, sessionId: "b" }, "redis");
  assert.equal(recording.apply({ recording: false, sessionId: "a" }, "redis"), "stale");
  assert.equal(recording.state.recording, true);
  assert.equal(recording.apply({ recording: false, sessionId: "b" }, "redis"), "changed");
});

Deno.test("Recording.apply() generates an id from the time for a start without one", () => {
  const { recording } = observedRecording();
  recording.apply({ recording: true }, "flag");
  assert(recording.state.recording);
  assert.match(recording.state.sessionId, /^20260102T030405Z-[0-9a-f]{6}$/);
});

Deno.test("newSessionId() generates different valid ids in the same second", () => {
  // Of 100 ids of 24 random bits, two are equal once in 3,400 runs; of 3, once in 5 million.
  const ids = new Set(Array.from({ length: 3 }, () => newSessionId(1_700_000_000_000)));
  assert.equal(ids.size, 3);
  for (const id of ids) assert(isSessionId(id));
});

Deno.test("Recording reports changes that listeners cause after the change that caused them", () => {
  const recording = new Recording();
  const seen: string[] = [];
  recording.onChange(({ state }) => {
    if (state.recording) recording.apply({ recording: false }, "http");
  });
  recording.onChange(({ state }) => seen.push(state.recording ? "on" : "off"));
  recording.apply({ recording: true }, "redis");
  assert.deepEqual(seen, ["on", "off"]);
});

Deno.test("Recording does not call a removed listener", () => {
  const recording = new Recording();
  let calls = 0;
  const unsubscribe = recording.onChange(() => calls++);
  unsubscribe();
  recording.apply({ recording: true }, "redis");
  assert.equal(calls, 0);
});

Deno.test("Recording reports changes that add up to its state, for any sequence of commands", () => {
  const command = fc.record({
    recording: fc.boolean(),
    sessionId: fc.constantFrom("a", "b", "c"),
  }, { requiredKeys: ["recording"] });
  fc.assert(fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
    const { recording, changes } = observedRecording();
    const outcomes = commands.map((each) => recording.apply(each, "redis"));
    const starts = commands.filter(({ recording }, index) =>
      recording && outcomes[index] === "changed"
    );
    assert.equal(changes.filter(({ state }) => state.recording).length, starts.length);
    changes.forEach((change, index) => {
      assert.deepEqual(change.previous, changes[index - 1]?.state ?? { recording: false });
      assert.notEqual(change.state.recording, change.previous.recording);
    });
    assert.deepEqual(changes.at(-1)?.state ?? { recording: false }, recording.state);
  }));
});

Deno.test("isSessionId() rejects ids that could be a path, a flag or a separate line", () => {
  for (const id of ["visit-7", "2026-01-02T03:04:05Z", "Frau Müller (2)", "a", "_x", "患者1"]) {
    assert(isSessionId(id), id);
  }
  const rejected = ["", ".", "..", "../x", "a/b", "a\\b", "-rf", ".hidden", "a\nb", "a\0b", " a"];
  for (const id of [...rejected, "a ", "a.", "x".repeat(129), "患".repeat(100), "a\u202eb"]) {
    assert(!isSessionId(id), JSON.stringify(id));
  }
});

Deno.test("Recording marks a session that continues after a crash as resumed, and no other", () => {
  for (const [origin, resumed] of [["restart", true], ["redis", undefined]] as const) {
    const { recording } = observedRecording();
    recording.apply({ recording: true, sessionId: "a" }, origin);
    assert.deepEqual(
      recordingPayload(recording.state),
      { recording: true, session_id: "a", ...resumed ? { resumed } : {} },
    );
  }
});

Deno.test("Recording reports an error of a listener, and calls the others for this and later changes", () => {
  const { recording, changes } = observedRecording();
  const failing = new Recording();
  const reported: string[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  addEventListener("error", onError);
  try {
    failing.onChange(() => {
      throw new Error("It failed");
    });
    failing.onChange(({ state }) => void recording.apply(state, "redis"));
    failing.apply({ recording: true, sessionId: "a" }, "redis");
    failing.apply({ recording: false }, "redis");
  } finally {
    removeEventListener("error", onError);
  }
  assert.deepEqual(changes.map(({ state }) => state.recording), [true, false]);
  assert.deepEqual(reported, ["It failed", "It failed"]);
});

Deno.test("Recording.apply() ignores a stop while there is no recording", () => {
  const { recording, changes } = observedRecording();
  assert.equal(recording.apply({ recording: false, sessionId: "a" }, "redis"), "unchanged");
  assert.deepEqual(changes, []);
});

Deno.test("isSessionId() accepts up to 128 characters and 200 bytes", () => {
  for (
    const [text, accepted] of [
      ["x".repeat(128), true],
      ["x".repeat(129), false],
      ["é".repeat(100), true],
      ["é".repeat(101), false],
      // Two UTF-16 units, one character and four bytes each.
      ["\u{20000}".repeat(50), true],
      ["\u{20000}".repeat(51), false],
    ] as const
  ) assert.equal(isSessionId(text), accepted, `${text.length}`);
});
