import assert from "node:assert/strict";
import { SessionEvents } from "../../../src/recording/session_events.ts";

function textsOf(...messages: readonly (readonly [string, Record<string, unknown>])[]): string[] {
  const events = new SessionEvents("a");
  return messages.flatMap(([type, payload], timestamp) =>
    events.of({ type, timestamp, payload }).map(({ timeUs, text }) => `${timeUs} ${text}`)
  );
}

Deno.test("SessionEvents names the reason when a rate is withheld, and when it changes", () => {
  const pulse = { strict: { value: 60 } };
  const breathing = { strict: { value: 12 } };
  assert.deepEqual(
    textsOf(
      ["core_metrics", { breathing, withheld: { pulse: "motion" } }],
      ["core_metrics", { breathing, withheld: { pulse: "motion" } }],
      ["core_metrics", { breathing, withheld: { pulse: "too_dark" } }],
      ["core_metrics", { breathing, pulse }],
      ["core_metrics", { pulse }],
    ),
    [
      "0 Pulse withheld: motion",
      "0 Breathing measured",
      "2 Pulse withheld: too_dark",
      "3 Pulse measured",
      "4 Breathing withheld: unknown",
    ],
  );
});

Deno.test("SessionEvents takes the recording state of its session, also from a status", () => {
  const on = { recording: true, session_id: "a" };
  assert.deepEqual(
    textsOf(
      ["status", { ...on, name: "OK" }],
      ["recording_state", on],
      ["status", { recording: true, name: "OK" }],
      ["recording_state", { recording: true, session_id: "b" }],
      ["status", { recording: false, name: "OK" }],
      ["recording_state", on],
    ),
    ["0 Recording started", "0 Status: OK", "3 Recording ended", "5 Recording started"],
  );
});

Deno.test("SessionEvents writes names of a hostile publisher as identifiers", () => {
  const [, event] = textsOf(
    ["recording_state", { recording: 1 }],
    ["status", { name: "a\x14\0+1\x14ä b" }],
    ["status", { name: "x".repeat(50) }],
  ).entries().map(([, text]) => text).toArray();
  assert.equal(event, `2 Status: ${"x".repeat(40)}`);
  assert.deepEqual(textsOf(["status", { name: "a\x14\0+1\x14ä b" }]), ["0 Status: a___1___b"]);
  assert.deepEqual(
    textsOf(["core_metrics", { pulse: { beats: [null, {}, { timestamp: "1" }] } }]),
    [
      "0 Pulse withheld: unknown",
      "0 Breathing withheld: unknown",
    ],
  );
});
