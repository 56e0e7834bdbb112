import assert from "node:assert/strict";
import fc from "fast-check";
import { SessionSaver } from "../../../src/recording/saver.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";

function withFolder(run: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync();
  try {
    run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const jsonOf = (folder: string, id: string) =>
  JSON.parse(Deno.readTextFileSync(`${folder}/metrics_${id}.json`));

Deno.test("SessionSaver ends a session when another begins, and writes only into its directory", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    add(fakeRecordingState(0, "../../a/b"));
    fakeMetrics(1).forEach(add);
    add(fakeRecordingState(2, "x".repeat(4000)));
    fakeMetrics(3).forEach(add);
    add(fakeRecordingState(4));
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.equal(names.filter((name) => name.endsWith(".jsonl")).length, 2);
    const first = jsonOf(folder, ".._.._a_b");
    assert.equal(first.session_id, "../../a/b");
    assert.equal(first.end_timestamp, fakeRecordingState(2).timestamp);
  }));

Deno.test("SessionSaver begins and ends sessions by the status too", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    const { payload, ...old } = fakeStatus(0, "OK", "old");
    add({ ...old, payload: { ...payload, metadata: { replayed: true } } });
    assert.equal(saver.sessionId, undefined);
    add(fakeStatus(1, "OK", "a"));
    fakeMetrics(2).forEach(add);
    add(fakeStatus(3, "OK", "a"));
    add(fakeRecordingState(4, "a"));
    assert.equal(saver.sessionId, "a");
    add(fakeStatus(5));
    assert.equal(saver.sessionId, undefined);
    assert.equal(jsonOf(folder, "a").end_timestamp, fakeStatus(5).timestamp);
  }));

Deno.test("SessionSaver.add() accepts any message", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    saver.add(JSON.stringify(fakeRecordingState(0, "a")));
    const envelope = fc.record({
      type: fc.constantFrom("core_metrics", "edge_metrics", "status", "x"),
      timestamp: fc.oneof(fc.integer(), fc.jsonValue()),
      payload: fc.jsonValue({ maxDepth: 3 }),
    }).map((value) => JSON.stringify(value));
    fc.assert(fc.property(fc.oneof(fc.string(), envelope), (text) => saver.add(text)));
  }));
