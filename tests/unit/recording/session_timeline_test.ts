import assert from "node:assert/strict";
import { SessionTimeline } from "../../../src/recording/session_timeline.ts";

Deno.test("SessionTimeline knows the session at each time, in whatever order the changes arrive", () => {
  const changes = [
    { timestamp: 10, sessionId: "a" },
    { timestamp: 20, sessionId: undefined },
    { timestamp: 30, sessionId: "b" },
  ];
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
    const timeline = new SessionTimeline();
    for (const k of order) timeline.add(changes[k]!);
    assert.deepEqual([9, 10, 19, 20, 29, 30, 99].map((time) => timeline.at(time)), [
      ...[undefined, "a", "a", undefined, undefined, "b", "b"],
    ], `${order}`);
    assert.equal(timeline.current, "b");
  }
});

Deno.test("SessionTimeline.add() returns the session before, or undefined if nothing changed", () => {
  const timeline = new SessionTimeline();
  assert.equal(timeline.add({ timestamp: 1, sessionId: undefined }), undefined);
  assert.deepEqual(timeline.add({ timestamp: 5, sessionId: "a" }), { previous: undefined });
  assert.equal(timeline.add({ timestamp: 6, sessionId: "a" }), undefined);
  assert.deepEqual(timeline.add({ timestamp: 8, sessionId: "b" }), { previous: "a" });
  assert.deepEqual(timeline.add({ timestamp: 7, sessionId: undefined }), { previous: "a" });
  assert.deepEqual(timeline.add({ timestamp: 3, sessionId: "a" }), { previous: undefined });
  assert.deepEqual([2, 3, 6, 7, 8].map((time) => timeline.at(time)), [
    ...[undefined, "a", "a", undefined, "b"],
  ]);
});

Deno.test("SessionTimeline remembers the newest 1000 changes", () => {
  const timeline = new SessionTimeline();
  for (let k = 1; k <= 1001; k++) timeline.add({ timestamp: k, sessionId: `${k}` });
  assert.deepEqual([timeline.at(1), timeline.at(2)], [undefined, "2"]);
});
