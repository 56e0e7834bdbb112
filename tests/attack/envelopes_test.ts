import assert from "node:assert/strict";
import { SessionSaver } from "../../src/recording/saver.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { takeMessage } from "../../src/web/device_messages.ts";
import { Hub } from "../../src/web/hub.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../support/fake_stream.ts";
import { temporaryFolder } from "../support/folders.ts";
import { ManualClock } from "../support/manual_clock.ts";

const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

Deno.test("dashboard goes on after messages that are nested a million levels deep, on any channel", () => {
  const hub = new Hub();
  for (const topic of ["core_metrics", "edge_metrics", "status", "recording_state", "frame"]) {
    for (const payload of [deep(1_000_000), `{"a":${deep(60_000)}}`, `{"data":${deep(60_000)}}`]) {
      takeMessage(hub, `ward:${topic}`, `{"type":"${topic}","timestamp":1,"payload":${payload}}`);
    }
  }
  assert.deepEqual(hub.devices, []);
  takeMessage(hub, "ward:status", JSON.stringify(fakeStatus(1)));
  assert.deepEqual(hub.devices, ["ward"]);
});

Deno.test("dashboard shows a named device after a flood of invented ones, and counts those it hides", () => {
  const hub = new Hub({ named: ["bed-1", "bed-2"] });
  const status = JSON.stringify(fakeStatus(1));
  for (let number = 0; number < 5000; number++) takeMessage(hub, `fake-${number}:status`, status);
  for (const device of ["bed-1", "bed-2"]) takeMessage(hub, `${device}:status`, status);
  assert(hub.has("bed-1") && hub.has("bed-2"));
  assert.equal(hub.devices.length, 256);
  assert.equal(hub.hidden, 1000);
});

Deno.test("record saves a session among messages with invented fields, series and sessions, in bounded files", async () => {
  using folder = temporaryFolder();
  const clock = new ManualClock();
  {
    await using saver = new SessionSaver({ directory: folder.path, log: silentLog, clock });
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    add(fakeRecordingState(0, "real"));
    for (let message = 0; message < 40; message++) {
      const names = Array.from({ length: 5000 }, (_, at) => `f${message}_${at}`);
      const fields = Object.fromEntries(names.map((name) => [name, 1]));
      const series = Object.fromEntries(names.slice(0, 2000).map((name) => [name, { value: 1 }]));
      const timestamp = fakeRecordingState(1).timestamp + message;
      add({ type: "core_metrics", timestamp, payload: { wide: fields, pulse: fields } });
      add({ type: "edge_metrics", timestamp, payload: series });
    }
    for (let number = 0; number < 2000; number++) {
      const metadata = { session_id: `invented ${number}` };
      add({ type: "core_metrics", timestamp: 2000 + number, payload: { metadata } });
    }
    fakeMetrics(4).forEach(add);
  }
  const files = [...Deno.readDirSync(folder.path)];
  assert(files.length <= 60 * 3, `${files.length} files`);
  const { series } = JSON.parse(Deno.readTextFileSync(`${folder.path}/metrics_real.json`));
  assert(Object.keys(series).length <= 256);
  assert(Object.keys(series["core_metrics.wide"]).length <= 65);
  assert(Object.keys(series["core_metrics.pulse"]).length <= 65);
  assert.equal(series["core_metrics.pulse.strict"].value[0], 72.5);
});
