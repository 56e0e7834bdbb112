import assert from "node:assert/strict";
import { monotonicUs } from "../../../src/base/time.ts";
import { TraceFile } from "../../../src/telemetry/trace.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { ManualClock } from "../../support/manual_clock.ts";

/** Reads the events of a trace, whose closing bracket is optional, without its metadata. */
function eventsOf(path: string): Record<string, unknown>[] {
  const text = Deno.readTextFileSync(path).trimEnd().replace(/,$/, "");
  const events: Record<string, unknown>[] = JSON.parse(`${text}]`);
  assert.ok(events.every(({ pid, tid }) => pid === 1 && tid === 1));
  return events.filter(({ ph }) => ph !== "M").map(({ pid: _pid, tid: _tid, ...rest }) => rest);
}

function open(path: string) {
  const clock = new ManualClock();
  const log = new CollectingLog();
  return { clock, log, trace: new TraceFile(path, { clock, log }) };
}

Deno.test("TraceFile writes spans and steps at their times, into a private file", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/trace.json`;
  const { clock, trace } = open(path);
  const startUs = clock.monotonicUs();
  trace.begin("vision");
  await clock.advance(2);
  trace.end();
  trace.beginStep("camera", 7, monotonicUs(startUs - 500));
  trace.endStep("camera", 7);
  trace[Symbol.dispose]();
  assert.deepEqual(eventsOf(path), [
    { name: "vision", ph: "B", ts: startUs },
    { ph: "E", ts: startUs + 2000 },
    { name: "camera", cat: "camera", ph: "b", id: 7, ts: startUs - 500 },
    { name: "camera", cat: "camera", ph: "e", id: 7, ts: startUs + 2000 },
  ]);
  assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
});

Deno.test("TraceFile replaces an earlier trace", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/trace.json`;
  Deno.writeTextFileSync(path, "x".repeat(1000));
  const { trace } = open(path);
  trace[Symbol.dispose]();
  assert.deepEqual(eventsOf(path), []);
});

Deno.test("TraceFile ends after ten minutes, and says so once", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/trace.json`;
  const { clock, log, trace } = open(path);
  await clock.advance(600_000);
  trace.begin("last");
  await clock.advance(1);
  for (let count = 0; count < 3; count++) trace.begin("late");
  trace[Symbol.dispose]();
  assert.deepEqual(eventsOf(path).map(({ name }) => name), ["last"]);
  assert.equal(log.lines.filter((line) => line.includes("ten minutes")).length, 1);
});

Deno.test("TraceFile writes before the end of the run", () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/trace.json`;
  const { trace } = open(path);
  for (let id = 0; id < 2000; id++) trace.beginStep("send", id);
  assert.ok(Deno.statSync(path).size >= 65_536);
  trace[Symbol.dispose]();
  assert.equal(eventsOf(path).length, 2000);
});

Deno.test("TraceFile ends with a warning on a full disk", () => {
  const { log, trace } = open("/dev/full");
  for (let id = 0; id < 5000; id++) trace.beginStep("send", id);
  trace[Symbol.dispose]();
  assert.equal(log.lines.filter((line) => line.includes("Cannot write the trace")).length, 1);
});
