import assert from "node:assert/strict";
import type { ReceivedEnvelope } from "../../../src/envelopes/received.ts";
import { SessionFiles } from "../../../src/recording/session_files.ts";
import { temporaryFolder } from "../../support/folders.ts";

function envelope(type: string, timestamp: number, payload: Record<string, unknown> = {}) {
  return { type, timestamp, payload } satisfies ReceivedEnvelope;
}

const start = (timestamp: number, id = "a") =>
  envelope("recording_state", timestamp, { recording: true, session_id: id });
const stop = (timestamp: number) => envelope("recording_state", timestamp, { recording: false });
const pulse = (timestamp: number, value: number) =>
  envelope("core_metrics", timestamp, { pulse: { value } });

/** Appends envelopes to the files of a session, and returns the files as text. */
function saved(folder: string, envelopes: readonly ReceivedEnvelope[], sessionId = "a") {
  const files = new SessionFiles({ directory: folder, sessionId });
  for (const each of envelopes) files.append(each);
  Array.from(files.derive());
  const read = (ending: string) =>
    Deno.readTextFileSync(`${folder}/metrics_${sessionId}.${ending}`);
  return { lines: read("jsonl"), json: JSON.parse(read("json")), csv: read("csv") };
}

const linesOf = (envelopes: readonly ReceivedEnvelope[]) =>
  envelopes.map((each) => JSON.stringify(each) + "\n").join("");

Deno.test("SessionFiles append each envelope as a line, and save the series as JSON and CSV", () => {
  using folder = temporaryFolder();
  const envelopes = [start(5), pulse(6, 70), pulse(7, 71), stop(8)];
  const { lines, json, csv } = saved(folder.path, envelopes);
  assert.equal(lines, linesOf(envelopes));
  assert.deepEqual(json, {
    session_id: "a",
    start_timestamp: 5,
    end_timestamp: 8,
    series: { "core_metrics.pulse": { timestamp: [6, 7], value: [70, 71] } },
  });
  assert.equal(
    csv,
    "timestamp,series,field,value\n6,core_metrics.pulse,value,70\n7,core_metrics.pulse,value,71\n",
  );
  const names = [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort();
  assert.deepEqual(names, ["metrics_a.csv", "metrics_a.json", "metrics_a.jsonl"]);
});

Deno.test("SessionFiles write a line at once, before they are saved", () => {
  using folder = temporaryFolder();
  const files = new SessionFiles({ directory: folder.path, sessionId: "a" });
  files.append(pulse(6, 70));
  assert.equal(Deno.readTextFileSync(`${folder.path}/metrics_a.jsonl`), linesOf([pulse(6, 70)]));
  assert.equal(files.jsonPath, `${folder.path}/metrics_a.json`);
});

Deno.test("SessionFiles continue a session, without a torn last line", () => {
  using folder = temporaryFolder();
  saved(folder.path, [start(5), pulse(6, 70), stop(7)]);
  const path = `${folder.path}/metrics_a.jsonl`;
  Deno.writeTextFileSync(path, 'no envelope\n{"type":"core_metrics","time', { append: true });
  const { lines, json } = saved(folder.path, [start(8), pulse(9, 71)]);
  assert.equal(
    lines,
    linesOf([start(5), pulse(6, 70), stop(7)]) + "no envelope\n" +
      linesOf([start(8), pulse(9, 71)]),
  );
  assert.deepEqual([json.start_timestamp, json.end_timestamp], [5, null]);
  assert.deepEqual(json.series["core_metrics.pulse"], { timestamp: [6, 9], value: [70, 71] });
});

Deno.test("SessionFiles end with a stop or with the start of another session", () => {
  for (
    const { last, end } of [
      { last: start(9), end: null },
      { last: start(9, "b"), end: 9 },
      { last: stop(9), end: 9 },
      { last: envelope("status", 9, { recording: false }), end: 9 },
      { last: envelope("status", 9, { recording: true, session_id: "a" }), end: null },
    ]
  ) {
    using folder = temporaryFolder();
    const { json } = saved(folder.path, [start(5), last]);
    assert.deepEqual([json.start_timestamp, json.end_timestamp], [5, end]);
  }
});

Deno.test("SessionFiles without an envelope have no start and no end", () => {
  using folder = temporaryFolder();
  const { json } = saved(folder.path, []);
  assert.deepEqual(json, {
    session_id: "a",
    start_timestamp: null,
    end_timestamp: null,
    series: {},
  });
});

Deno.test("SessionFiles write what is larger than a block, and every byte of a short write", () => {
  using folder = temporaryFolder();
  const { openSync } = Deno;
  const written: number[] = [];
  let syncs = 0;
  Deno.openSync = (...args) => {
    const file = openSync(...args);
    const writeSync = file.writeSync.bind(file);
    file.writeSync = (bytes) => {
      written.push(bytes.length);
      return writeSync(bytes.subarray(0, Math.max(1, Math.ceil(bytes.length / 2))));
    };
    file.syncSync = () => void syncs++;
    return file;
  };
  try {
    const long = "x".repeat(200_000);
    const texts = [..."abcdefghi"].map((key, at) =>
      envelope("core_metrics", at, { [key]: { v: long } })
    );
    const { lines, json, csv } = saved(folder.path, texts);
    assert.equal(lines, linesOf(texts));
    assert.equal(json.series["core_metrics.c"].v[0], long);
    assert.equal(csv.split("\n").length, 11);
    assert.equal(csv.length, 29 + 9 * (200_000 + "0,core_metrics.a,v,\n".length));
    // The first block of the CSV is written before all of it is known.
    assert.ok(written.length > 20 && Math.max(...written) < 300_000);
    assert.equal(syncs, 2, "JSON and CSV are on the disk");
  } finally {
    Deno.openSync = openSync;
  }
});

Deno.test("SessionFiles replace a file only once the new one is complete", () => {
  using folder = temporaryFolder();
  saved(folder.path, [pulse(6, 70)]);
  const files = new SessionFiles({ directory: folder.path, sessionId: "a" });
  const before = Deno.readTextFileSync(files.jsonPath);
  const { openSync } = Deno;
  Deno.openSync = (...args) => {
    const file = openSync(...args);
    file.writeSync = () => {
      throw new Error("The disk is full");
    };
    return file;
  };
  try {
    assert.throws(() => Array.from(files.derive()), /The disk is full/);
  } finally {
    Deno.openSync = openSync;
  }
  assert.equal(Deno.readTextFileSync(files.jsonPath), before);
  Array.from(files.derive());
});

for (
  const [id, name] of [
    ["../a\\b\n", ".._a_b_"],
    ["x".repeat(300), "x".repeat(200)],
    ["é".repeat(150), "é".repeat(100)],
    ["x" + "é".repeat(150), "x" + "é".repeat(99)],
  ] as const
) {
  Deno.test(`SessionFiles name the files of ${JSON.stringify(id.slice(0, 9))} safely and shortly`, () => {
    using folder = temporaryFolder();
    const files = new SessionFiles({ directory: folder.path, sessionId: id });
    assert.equal(files.jsonPath, `${folder.path}/metrics_${name}.json`);
    assert.equal(files.sessionId, id);
  });
}
