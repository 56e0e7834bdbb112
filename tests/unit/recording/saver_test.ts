import assert from "node:assert/strict";
import fc from "fast-check";
import { SessionSaver } from "../../../src/recording/saver.ts";
import { UnavailableError } from "../../../src/base/errors.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
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

Deno.test("SessionSaver.add() survives deep and odd messages, and saves what follows", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    const odd = { toString: 1 };
    saver.add(JSON.stringify(fakeRecordingState(0, "a")));
    for (
      const payload of [
        deep(20_000),
        `{"a":${deep(20_000)}}`,
        `{"metadata":{"session_id":${deep(1000)}}}`,
        JSON.stringify({ pulse: { trace: [{ timestamp: odd, value: 1 }] } }),
        JSON.stringify({ metadata: odd, pulse: [{ timestamp: 1, value: odd }] }),
        JSON.stringify({ text: "x".repeat(5_000_000) }),
      ]
    ) saver.add(`{"type":"core_metrics","timestamp":1,"payload":${payload}}`);
    saver.add(
      `{"type":"status","timestamp":1,"payload":{"recording":true,"session_id":${deep(9)}}}`,
    );
    saver.add(JSON.stringify({
      ...fakeRecordingState(1),
      payload: { recording: true, session_id: odd },
    }));
    fakeMetrics(3).forEach((envelope) => saver.add(JSON.stringify(envelope)));
    saver.add(JSON.stringify(fakeRecordingState(4)));
    assert.deepEqual(
      jsonOf(folder, String(fakeRecordingState(1).timestamp)).series["core_metrics.metadata"]
        .sequence,
      [3],
    );
  }));

Deno.test("SessionSaver saves the metrics of its session, and only those", () =>
  withFolder((parent) => {
    const folder = `${parent}/not/yet`;
    const log = new CollectingLog();
    {
      using saver = new SessionSaver({ directory: folder, log });
      const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
      fakeMetrics(0).forEach(add);
      add(fakeRecordingState(1, "a"));
      fakeMetrics(2).forEach(add);
      add({ type: "other", timestamp: 5, payload: {} });
      saver.snapshot();
      assert.equal(jsonOf(folder, "a").end_timestamp, null);
      fakeMetrics(3).forEach(add);
      assert.deepEqual([saver.sessionId, log.linesWith("Saved").length], ["a", 0]);
    }
    const lines = Deno.readTextFileSync(`${folder}/metrics_a.jsonl`).trim().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).type), [
      "recording_state",
      "core_metrics",
      "edge_metrics",
      "core_metrics",
      "edge_metrics",
    ]);
    assert.equal(jsonOf(folder, "a").series["core_metrics.pulse.rate"].value.length, 2);
    assert.equal(log.linesWith("Saving session a to").length, 1);
    assert.equal(log.linesWith("Saved").length, 1);
  }));

Deno.test("SessionSaver without a session has nothing to save", () =>
  withFolder((folder) => {
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    saver.snapshot();
    saver.add(JSON.stringify(fakeStatus(1)));
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("SessionSaver logs messages that are no envelopes every 10 s", () =>
  withFolder((folder) => {
    const log = new CollectingLog();
    using saver = new SessionSaver({ directory: folder, log });
    for (const [nowMs, lines] of [[0, 1], [9000, 1], [11_000, 2]] as const) {
      log.time.nowMs = nowMs;
      saver.add("{}");
      assert.equal(log.linesWith("not an envelope").length, lines);
    }
  }));

Deno.test("SessionSaver gives a session up whose files cannot be written, and closes them", () =>
  withFolder((folder) => {
    const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
    using saver = new SessionSaver({ directory: folder, log: silentLog });
    const before = openFiles();
    saver.begin("a");
    assert.equal(openFiles(), before + 1);
    Deno.removeSync(folder, { recursive: true });
    assert.throws(() => saver.snapshot(), (error) => {
      assert(error instanceof UnavailableError);
      assert.match(error.message, /^Cannot save to .*: /);
      return true;
    });
    assert.deepEqual([saver.sessionId, openFiles()], [undefined, before]);
    Deno.mkdirSync(folder);
    saver.begin("b");
    saver.add(JSON.stringify(fakeRecordingState(1)));
    assert.equal(openFiles(), before);
  }));
