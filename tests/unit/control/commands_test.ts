import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CommandHandler,
  MAX_COMMAND_BYTES,
  parseRecordingCommand,
} from "../../../src/control/commands.ts";
import { isSessionId, Recording } from "../../../src/control/recording.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { CollectingLog } from "../../support/collecting_log.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const reasonOf = (text: string) => {
  const parsed = parseRecordingCommand(bytes(text));
  return parsed.state === "rejected" ? parsed.reason : parsed.state;
};

Deno.test("parseRecordingCommand() parses the documented command", () => {
  assert.deepEqual(parseRecordingCommand(bytes('{"recording": true, "session_id": "s-1"}')), {
    state: "ok",
    command: { recording: true, sessionId: "s-1" },
  });
});

Deno.test("parseRecordingCommand() ignores unknown keys and empty session ids", () => {
  for (const id of ["null", '""']) {
    const text = `{"recording":false,"session_id":${id},"source":"button"}`;
    assert.deepEqual(parseRecordingCommand(bytes(text)), {
      state: "ok",
      command: { recording: false },
    });
  }
});

Deno.test("parseRecordingCommand() has a reason for each kind of invalid command", () => {
  assert.equal(reasonOf(" ".repeat(MAX_COMMAND_BYTES + 1)), "too_large");
  assert.equal(reasonOf("recording"), "not_json");
  assert.equal(reasonOf("[true]"), "not_an_object");
  assert.equal(reasonOf("null"), "not_an_object");
  assert.equal(reasonOf("{}"), "no_recording");
  assert.equal(reasonOf('{"recording": "true"}'), "no_recording");
  assert.equal(reasonOf('{"recording": 1}'), "no_recording");
  assert.equal(reasonOf('{"__proto__": {"recording": true}}'), "no_recording");
  assert.equal(reasonOf('{"recording": true, "session_id": "../../etc"}'), "bad_session_id");
  assert.equal(reasonOf('{"recording": true, "session_id": 7}'), "bad_session_id");
  assert.equal(reasonOf('{"recording": true, "expires_at": "soon"}'), "bad_expires_at");
  const latin = parseRecordingCommand(Uint8Array.of(0x7b, 0xff, 0x7d));
  assert.deepEqual(latin, { state: "rejected", reason: "not_utf8" });
});

Deno.test("parseRecordingCommand() never throws, and accepts only safe session ids", () => {
  const similar = fc.record({ recording: fc.anything(), session_id: fc.anything() })
    .map((value) => bytes(JSON.stringify(value) ?? ""));
  const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 5000 }), similar, fc.json().map(bytes));
  fc.assert(
    fc.property(anyBytes, (input) => {
      const parsed = parseRecordingCommand(input);
      if (parsed.state === "rejected") return;
      assert.equal(typeof parsed.command.recording, "boolean");
      assert(parsed.command.sessionId === undefined || isSessionId(parsed.command.sessionId));
    }),
    { numRuns: 500 },
  );
});

Deno.test("CommandHandler counts each command by origin and result", () => {
  const counters = new Counters();
  const recording = new Recording();
  const commandHandler = new CommandHandler({ recording, counters, log: silentLog });
  const commands = ['{"recording":true,"session_id":"a"}', '{"recording":true}', "garbage"];
  const results = commands.map((text) => commandHandler.handle(bytes(text), "redis"));
  assert.deepEqual(results, ["changed", "unchanged", "not_json"]);
  assert.equal(commandHandler.apply({ recording: false, sessionId: "b" }, "grpc"), "stale");
  for (const result of results) {
    assert.equal(counters.get("recording_commands_total", { origin: "redis", result }), 1);
  }
  assert.equal(counters.get("recording_commands_total", { origin: "grpc", result: "stale" }), 1);
  assert.deepEqual(recording.state, { recording: true, sessionId: "a" });
});

Deno.test("CommandHandler drops, counts and logs a command whose time is over", () => {
  const log = new CollectingLog();
  const counters = new Counters();
  const recording = new Recording();
  const nowMs = () => 1_000_000;
  const handler = new CommandHandler({ recording, counters, log, nowMs });
  const at = (expires: unknown) =>
    handler.handle(bytes(`{"recording": true, "expires_at": ${expires}}`), "redis");
  assert.deepEqual([at(0), at(1_000_000_000)], ["expired", "expired"]);
  assert.equal(recording.state.recording, false);
  const labels = { origin: "redis", result: "expired" };
  assert.equal(counters.get("recording_commands_total", labels), 2);
  assert.deepEqual(log.lines, [
    '<4>Dropped a recording command that has expired origin="redis" late_s=1000',
  ]);
  assert.equal(at(1_000_000_001), "changed");
  assert.equal(at("null"), "unchanged");
});

Deno.test("parseRecordingCommand() accepts 4096 bytes, and no more", () => {
  const command = '{"recording":true}';
  assert.equal(reasonOf(command.padEnd(4096)), "ok");
  assert.equal(reasonOf(command.padEnd(4097)), "too_large");
});

Deno.test("CommandHandler logs starts and stops, and refused commands every 10 s for each origin", () => {
  const log = new CollectingLog();
  const recording = new Recording();
  const handler = new CommandHandler({ recording, counters: new Counters(), log });
  handler.apply({ recording: true, sessionId: "a" }, "redis");
  handler.apply({ recording: true, sessionId: "a" }, "redis");
  assert.deepEqual(log.lines, ['<6>Recording started origin="redis" session_id="a"']);
  for (const [nowMs, lines] of [[0, 1], [9000, 1], [11_000, 2]] as const) {
    log.time.nowMs = nowMs;
    handler.handle(bytes("garbage"), "redis");
    handler.apply({ recording: false, sessionId: "b" }, "redis");
    assert.equal(log.linesWith("Rejected a recording command").length, lines, `${nowMs}`);
    assert.equal(log.linesWith("Ignored a command to stop").length, lines, `${nowMs}`);
  }
  handler.handle(bytes("garbage"), "grpc");
  assert.equal(log.linesWith("Rejected a recording command").length, 3);
  handler.apply({ recording: false }, "http");
  assert.equal(log.lines.at(-1), '<6>Recording stopped origin="http"');
});
