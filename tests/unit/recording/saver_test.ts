import assert from "node:assert/strict";
import fc from "fast-check";
import type { MonotonicUs } from "../../../src/base/time.ts";
import type { Envelope } from "../../../src/envelopes/envelope.ts";
import type { CoreMetricsPayload } from "../../../src/envelopes/fields/core_metrics.ts";
import { SessionSaver } from "../../../src/recording/saver.ts";
import { UnavailableError } from "../../../src/base/errors.ts";
import { type Log, silentLog } from "../../../src/telemetry/log.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { heapInUse } from "../../support/heap.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import {
  FAKE_START_US,
  fakeMetrics,
  fakeRecordingState,
  fakeStatus,
} from "../../support/fake_stream.ts";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    await run(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const open = (directory: string, log: Log = silentLog) =>
  new SessionSaver({ directory, log, clock: new ManualClock() });

const jsonOf = (folder: string, id: string) =>
  JSON.parse(Deno.readTextFileSync(`${folder}/metrics_${id}.json`));

Deno.test("SessionSaver ends a session when another begins, and writes only into its directory", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    add(fakeRecordingState(0, "../../a/b"));
    fakeMetrics(1).forEach(add);
    add(fakeRecordingState(2, "x".repeat(4000)));
    fakeMetrics(3).forEach(add);
    add(fakeRecordingState(4));
    await saver.derive();
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assert.equal(names.filter((name) => name.endsWith(".jsonl")).length, 2);
    const first = jsonOf(folder, ".._.._a_b");
    assert.equal(first.session_id, "../../a/b");
    assert.equal(first.end_timestamp, fakeRecordingState(2).timestamp);
  }));

Deno.test("SessionSaver begins and ends sessions by the status too", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
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
    await saver.derive();
    assert.equal(jsonOf(folder, "a").end_timestamp, fakeStatus(5).timestamp);
  }));

Deno.test("SessionSaver saves the first status of a session, and those with another code", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    add(fakeStatus(0));
    add(fakeRecordingState(1, "a"));
    const names = ["OK", "OK", "NO_FACES_FOUND", "NO_FACES_FOUND", "OK"] as const;
    names.forEach((name, k) => add(fakeStatus(2 + k, name, "a")));
    add(fakeStatus(7, "NO_FACES_FOUND"));
    add(fakeStatus(8));
    await saver.derive();
    const lines = Deno.readTextFileSync(`${folder}/metrics_a.jsonl`).trimEnd().split("\n");
    const statuses = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === "status");
    assert.deepEqual(
      statuses.map(({ timestamp }) => (timestamp - FAKE_START_US) / 200_000),
      [2, 4, 6, 7],
    );
    assert.deepEqual(Object.keys(jsonOf(folder, "a").series), []);
  }));

Deno.test("SessionSaver.add() accepts any message", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
    saver.add(JSON.stringify(fakeRecordingState(0, "a")));
    const envelope = fc.record({
      type: fc.constantFrom("core_metrics", "edge_metrics", "status", "x"),
      timestamp: fc.oneof(fc.integer(), fc.jsonValue()),
      payload: fc.jsonValue({ maxDepth: 3 }),
    }).map((value) => JSON.stringify(value));
    fc.assert(fc.property(fc.oneof(fc.string(), envelope), (text) => saver.add(text)));
  }));

Deno.test("SessionSaver.add() survives deep and odd messages, and saves what follows", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
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
    await saver.derive();
    assert.deepEqual(
      jsonOf(folder, String(fakeRecordingState(1).timestamp)).series["core_metrics.metadata"]
        .sequence,
      [3],
    );
  }));

Deno.test("SessionSaver saves the metrics of its session, and only those", () =>
  withFolder(async (parent) => {
    const folder = `${parent}/not/yet`;
    const log = new CollectingLog();
    {
      await using saver = open(folder, log);
      const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
      fakeMetrics(0).forEach(add);
      add(fakeRecordingState(1, "a"));
      fakeMetrics(2).forEach(add);
      add({ type: "other", timestamp: 5, payload: {} });
      await saver.derive(); // does not wait for the end of the session, and derives nothing
      fakeMetrics(3).forEach(add);
      assert.deepEqual([saver.sessionId, log.linesWith("Saved a session").length], ["a", 0]);
    }
    const lines = Deno.readTextFileSync(`${folder}/metrics_a.jsonl`).trim().split("\n");
    assert.deepEqual(lines.map((line) => JSON.parse(line).type), [
      "recording_state",
      "core_metrics",
      "edge_metrics",
      "core_metrics",
      "edge_metrics",
    ]);
    assert.equal(jsonOf(folder, "a").end_timestamp, null);
    assert.equal(jsonOf(folder, "a").series["core_metrics.pulse.rate"].value.length, 2);
    assert.equal(log.linesWith("Saving a session to").length, 1);
    assert.equal(log.linesWith("Saved a session").length, 1);
  }));

Deno.test("SessionSaver without a session has nothing to save", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
    await saver.derive();
    saver.add(JSON.stringify(fakeStatus(1)));
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("SessionSaver logs messages that are no envelopes every 10 s", () =>
  withFolder(async (folder) => {
    const log = new CollectingLog();
    await using saver = open(folder, log);
    for (const [nowMs, lines] of [[0, 1], [9000, 1], [11_000, 2]] as const) {
      log.time.nowMs = nowMs;
      saver.add("{}");
      assert.equal(log.linesWith("not an envelope").length, lines);
    }
  }));

Deno.test("SessionSaver reports files that cannot be written, and keeps none open", () =>
  withFolder(async (folder) => {
    const openFiles = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = openFiles();
    const cannotSave = (error: unknown) =>
      error instanceof UnavailableError && /^Cannot save to .*: /.test(error.message);
    {
      await using saver = open(folder);
      saver.add(JSON.stringify(fakeRecordingState(1, "a")));
      saver.add(JSON.stringify(fakeRecordingState(2)));
      assert.equal(openFiles(), before);
      Deno.removeSync(folder, { recursive: true });
      await assert.rejects(saver.derive(), cannotSave);
    }
    {
      await using saver = open(folder);
      saver.add(JSON.stringify(fakeRecordingState(1, "a")));
      Deno.removeSync(folder, { recursive: true });
      assert.throws(() => saver.add(JSON.stringify(fakeRecordingState(2, "b"))), cannotSave);
    }
    Deno.writeTextFileSync(folder, "a file");
    assert.throws(() => open(folder), cannotSave);
    assert.equal(openFiles(), before);
  }));

/** The metrics of a period with the session in their metadata. */
function metricsOf(n: number, sessionId?: string): unknown[] {
  return fakeMetrics(n).map(({ payload, ...rest }) => ({
    ...rest,
    payload: {
      ...payload,
      metadata: { ...(payload as CoreMetricsPayload).metadata, session_id: sessionId },
    },
  }));
}

const sequencesOf = (folder: string, id: string) =>
  jsonOf(folder, id).series["core_metrics.metadata"].sequence;

for (const named of [true, false]) {
  const name = named ? "that name it" : "by their timestamps";
  Deno.test(`SessionSaver saves replayed metrics in their own session, ${name}`, () =>
    withFolder(async (folder) => {
      await using saver = open(folder);
      const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
      const addMetrics = (n: number, id?: string) =>
        metricsOf(n, named ? id : undefined).forEach(add);
      const replayed = ({ payload, ...rest }: Envelope) =>
        add({ ...rest, payload: { ...payload, metadata: { replayed: true } } });
      add(fakeRecordingState(0, "a"));
      addMetrics(1, "a");
      // An outage: the end of a, and the start of b, are published late.
      addMetrics(12, "b");
      add(fakeStatus(13, "OK", "b"));
      addMetrics(14, "b");
      await saver.derive();
      for (const n of [2, 3, 4]) addMetrics(n, "a");
      replayed(fakeRecordingState(5));
      addMetrics(6);
      replayed(fakeRecordingState(10, "b"));
      addMetrics(11, "b");
      assert.equal(saver.sessionId, "b");
      add(fakeRecordingState(20));
      await saver[Symbol.asyncDispose]();
      // Without a name, the session of 12 is not known before the change at 10 arrives.
      assert.deepEqual(sequencesOf(folder, "a"), named ? [1, 2, 3, 4] : [1, 2, 3, 4, 12]);
      assert.deepEqual(sequencesOf(folder, "b"), named ? [11, 12, 14] : [11, 14]);
      assert.equal(jsonOf(folder, "a").end_timestamp, fakeRecordingState(5).timestamp);
      assert.equal(jsonOf(folder, "b").end_timestamp, fakeRecordingState(20).timestamp);
    }));
}

Deno.test("SessionSaver derives the series of an ended session again after late metrics, in at most 1/20 of the time", () =>
  withFolder(async (folder) => {
    const clock = new ManualClock();
    await using saver = new SessionSaver({ directory: folder, log: silentLog, clock });
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    add(fakeRecordingState(0, "a"));
    fakeMetrics(1).forEach(add);
    add(fakeRecordingState(9));
    const { monotonicUs } = clock;
    let readings = 0;
    clock.monotonicUs = () => monotonicUs.call(clock) + 1000 * readings++ as MonotonicUs;
    await saver.derive();
    const durationUs = 1000 * readings;
    clock.monotonicUs = monotonicUs;
    fakeMetrics(2).forEach(add);
    await clock.advance(10 * durationUs / 1000);
    await saver.derive();
    assert.deepEqual(sequencesOf(folder, "a"), [1]);
    await clock.advance(12 * durationUs / 1000);
    await saver.derive();
    assert.deepEqual(sequencesOf(folder, "a"), [1, 2]);
  }));

Deno.test("SessionSaver derives the series of a session that a crash has left without them, after 10 s", () =>
  withFolder(async (folder) => {
    const lines = [fakeRecordingState(0, "a"), ...fakeMetrics(1)];
    const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
    Deno.writeTextFileSync(`${folder}/metrics_a.jsonl`, text + '{"type":"core_met');
    const clock = new ManualClock();
    await using saver = new SessionSaver({ directory: folder, log: silentLog, clock });
    await clock.advance(9_000);
    await saver.derive();
    assert.deepEqual([...Deno.readDirSync(folder)].length, 1);
    await clock.advance(1_000);
    await saver.derive();
    assert.deepEqual(sequencesOf(folder, "a"), [1]);
    assert.equal(Deno.readTextFileSync(`${folder}/metrics_a.jsonl`), text);
    const log = new CollectingLog();
    await open(folder, log)[Symbol.asyncDispose]();
    assert.deepEqual(log.linesWith("Saved"), []);
  }));

Deno.test("SessionSaver saves and derives a session in memory that does not depend on its length", () =>
  withFolder(async (folder) => {
    await using saver = open(folder);
    const add = (envelope: unknown) => saver.add(JSON.stringify(envelope));
    add(fakeRecordingState(0, "a"));
    const [first, periods] = [1_000, 5_000]; // what runs for the first time is compiled and kept
    for (let n = 1; n <= first; n++) fakeMetrics(n).forEach(add);
    const before = heapInUse();
    for (let n = first + 1; n <= periods; n++) fakeMetrics(n).forEach(add);
    const perMessage = (heapInUse() - before) / (2 * (periods - first));
    assert.ok(perMessage < 50, `${perMessage} bytes for each message`);
    add(fakeRecordingState(periods + 1));
    await saver.derive();
    assert.equal(sequencesOf(folder, "a").length, periods);
  }));
