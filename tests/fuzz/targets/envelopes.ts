import assert from "node:assert/strict";
import { parseRecordingCommand } from "../../../src/control/commands.ts";
import { ColumnFile } from "../../../src/recording/column_file.ts";
import { orderedEnvelopes } from "../../../src/recording/ordered_envelopes.ts";
import { isRecordingState, sessionIdOf } from "../../../src/recording/saved_envelope.ts";
import { SeriesWriter } from "../../../src/recording/series.ts";
import { openPlain } from "../../../src/recording/work_file.ts";
import { takeMessage } from "../../../src/web/device_messages.ts";
import { Hub } from "../../../src/web/hub.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import type { FuzzTarget } from "../fuzzer.ts";

const folder = Deno.makeTempDirSync({ prefix: "fuzz-envelopes-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

/** Converts lines to series, as `record` does, and checks that they are well-formed. */
function derive(path: string): void {
  using columns = new ColumnFile(`${path}.columns`);
  const csv: string[] = [];
  const series = new SeriesWriter({ columns, csv: { write: (text) => csv.push(text) } });
  const newest = new Map<string, number>();
  using lines = openPlain(path);
  for (const envelope of orderedEnvelopes(lines)) {
    if (!envelope) continue;
    const { type, timestamp } = envelope;
    assert(timestamp > (newest.get(type) ?? -Infinity), "an envelope out of order");
    newest.set(type, timestamp);
    if (isRecordingState(envelope)) assert(sessionIdOf(envelope).length > 0);
    else series.add(envelope);
  }
  const decoder = new TextDecoder();
  let json = "";
  for (const part of series.json()) {
    json += typeof part === "string" ? part : decoder.decode(part, { stream: true });
  }
  const read = JSON.parse(json) as Record<string, Record<string, unknown[]>>;
  for (const [name, fields] of Object.entries(read)) {
    const lengths = new Set(Object.values(fields).map(({ length }) => length));
    assert.equal(lengths.size, 1, `the columns of ${name} have different lengths`);
  }
  for (const line of csv) assert.doesNotMatch(line, /(^|,)"?[=@\t]/, "a formula");
}

/** What a publisher may send to `dashboard`, `record` and the command queue: lines of JSON. */
export const envelopes: FuzzTarget = {
  scripts: /src\/(recording|web|control|envelopes)\//,
  maxBytes: 4096,
  seeds: () =>
    [
      [...fakeMetrics(4), fakeStatus(5, "OK", "a"), fakeRecordingState(6, "a")],
      [fakeRecordingState(6), fakeStatus(5), { recording: true, session_id: "a", expires_at: 5 }],
      [{ type: "frame", timestamp: 1, payload: { data: "AAAA" } }],
      [{
        type: "core_metrics",
        timestamp: 2,
        payload: { a: "=1+1", b: [{ timestamp: 1, c: null }] },
      }],
    ].map((lines) =>
      new TextEncoder().encode(lines.map((line) => JSON.stringify(line) + "\n").join(""))
    ),
  dictionary: [
    ...['{"type":"core_metrics","timestamp":3,"payload":{', '{"type":"status","timestamp":-1,'],
    ...['"payload":', '"timestamp":', '"session_id":', '"recording":true', "null", "1e999", "-0"],
    ...['"__proto__":{', '"constructor":', "[[[[", "{}", '"metadata":{', '"\\ud800"', '"=', "\n"],
  ],
  run(input) {
    const hub = new Hub();
    for (const line of new TextDecoder().decode(input).split("\n")) {
      for (const topic of ["core_metrics", "status", "frame", "recording_state"]) {
        takeMessage(hub, `ward:${topic}`, line);
        hub.latest("ward", topic as "status");
      }
      parseRecordingCommand(new TextEncoder().encode(line));
    }
    assert(hub.devices.length <= 1);
    const path = `${folder}/lines.jsonl`;
    Deno.writeFileSync(path, input);
    derive(path);
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  },
};
