import assert from "node:assert/strict";
import fc from "fast-check";
import { SessionSaver } from "../../../src/recording/saver.ts";
import { csvLines, SeriesTable } from "../../../src/recording/series.ts";
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

Deno.test("a sample that is sent again replaces the first, and columns stay of one length", () => {
  const table = new SeriesTable();
  const add = (trace: unknown) => table.add({ type: "t", timestamp: 1, payload: { trace } });
  add([{ timestamp: 1, value: 0.1 }, { timestamp: 2, value: 0.2 }]);
  add([{ timestamp: 2, value: 0.3, stable: true }, { timestamp: 3, value: 0.4 }]);
  assert.deepEqual({ ...table.columns.get("t.trace") }, {
    timestamp: [1, 2, 3],
    value: [0.1, 0.3, 0.4],
    stable: [null, true, null],
  });
});

Deno.test("any payload whatever gives columns of one length", () => {
  fc.assert(fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 8 }), (payloads) => {
    const table = new SeriesTable();
    payloads.forEach((payload, timestamp) => table.add({ type: "t", timestamp, payload }));
    for (const columns of table.columns.values()) {
      const lengths = new Set(Object.values(columns).map((column) => column.length));
      assert.equal(lengths.size, 1);
    }
    JSON.stringify(table);
    [...csvLines(table)];
  }));
});

Deno.test("the table of a session has a line for each value, and no cell that is a formula", () => {
  const table = new SeriesTable();
  table.add({ type: "t", timestamp: 7, payload: { a: -1.5, b: '=cmd("x")', "c,d": true } });
  assert.deepEqual([...csvLines(table)], [
    "timestamp,series,field,value\n",
    "7,t,a,-1.5\n",
    `7,t,b,"'=cmd(""x"")"\n`,
    '7,t,"c,d",true\n',
  ]);
});

Deno.test("a session ends where another begins, and names from outside cannot leave the folder", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    const take = (envelope: unknown) => saver.take(JSON.stringify(envelope));
    take(fakeRecordingState(0, "../../a/b"));
    fakeMetrics(1).forEach(take);
    take(fakeRecordingState(2, "x".repeat(4000)));
    fakeMetrics(3).forEach(take);
    take(fakeRecordingState(4));
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.equal(names.filter((name) => name.endsWith(".jsonl")).length, 2);
    const first = jsonOf(folder, ".._.._a_b");
    assert.equal(first.session_id, "../../a/b");
    assert.equal(first.end_timestamp, fakeRecordingState(2).timestamp);
  }));

Deno.test("a saver that comes late, or misses an end, learns the session from the status", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    const take = (envelope: unknown) => saver.take(JSON.stringify(envelope));
    const { payload, ...old } = fakeStatus(0, "OK", "old");
    take({ ...old, payload: { ...payload, metadata: { replayed: true } } });
    assert.equal(saver.sessionId, undefined);
    take(fakeStatus(1, "OK", "a"));
    fakeMetrics(2).forEach(take);
    take(fakeStatus(3, "OK", "a"));
    take(fakeRecordingState(4, "a"));
    assert.equal(saver.sessionId, "a");
    take(fakeStatus(5));
    assert.equal(saver.sessionId, undefined);
    assert.equal(jsonOf(folder, "a").end_timestamp, fakeStatus(5).timestamp);
  }));

Deno.test("nothing that can be published makes the saver fail", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    saver.take(JSON.stringify(fakeRecordingState(0, "a")));
    const envelope = fc.record({
      type: fc.constantFrom("core_metrics", "edge_metrics", "status", "x"),
      timestamp: fc.oneof(fc.integer(), fc.jsonValue()),
      payload: fc.jsonValue({ maxDepth: 3 }),
    }).map((value) => JSON.stringify(value));
    fc.assert(fc.property(fc.oneof(fc.string(), envelope), (text) => saver.take(text)));
  }));
