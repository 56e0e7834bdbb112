import assert from "node:assert/strict";
import fc from "fast-check";
import { ColumnFile } from "../../../src/recording/column_file.ts";
import { SeriesWriter } from "../../../src/recording/series.ts";
import { temporaryFolder } from "../../support/folders.ts";

/** The JSON and the CSV of payloads, whose timestamps count from 0 unless they are given. */
function seriesOf(payloads: readonly unknown[], timestamps: readonly number[] = []) {
  using folder = temporaryFolder();
  using columns = new ColumnFile(`${folder.path}/columns`);
  const csv: string[] = [];
  const series = new SeriesWriter({ columns, csv: { write: (text) => csv.push(text) } });
  for (const [k, payload] of payloads.entries()) {
    const timestamp = timestamps[k] ?? k;
    series.add({ type: "t", timestamp, payload: payload as Record<string, unknown> });
  }
  const decoder = new TextDecoder();
  let text = "";
  for (const part of series.json()) text += typeof part === "string" ? part : decoder.decode(part);
  const json = JSON.parse(text) as Record<string, Record<string, unknown[]>>;
  return { json, csv };
}

Deno.test("SeriesWriter.add() replaces a repeated sample, and keeps columns of equal length", () => {
  const { json } = seriesOf([
    { trace: [{ timestamp: 1, value: 0.1 }, { timestamp: 2, value: 0.2 }] },
    { trace: [{ timestamp: 2, value: 0.3, stable: true }, { timestamp: 3, value: 0.4 }] },
  ]);
  assert.deepEqual(json["t.trace"], {
    timestamp: [1, 2, 3],
    value: [0.1, 0.3, 0.4],
    stable: [null, true, null],
  });
});

Deno.test("SeriesWriter.add() keeps columns of equal length for any payload", () => {
  fc.assert(fc.property(fc.array(fc.jsonValue({ maxDepth: 4 }), { maxLength: 8 }), (payloads) => {
    for (const columns of Object.values(seriesOf(payloads).json)) {
      const lengths = new Set(Object.values(columns).map((column) => column.length));
      assert.equal(lengths.size, 1);
    }
  }));
});

Deno.test("SeriesWriter writes a line of CSV per value, and escapes formulas", () => {
  const { csv } = seriesOf([{ a: -1.5, b: '=cmd("x")', "c,d": true, e: null }], [7]);
  assert.deepEqual(csv, ["7,t,a,-1.5\n", `7,t,b,"'=cmd(""x"")"\n`, '7,t,"c,d",true\n']);
});

Deno.test("SeriesWriter keeps the newest 256 rows of a series open for corrections", () => {
  const rows = Array.from({ length: 257 }, (_, k) => k);
  const payloads = [...rows.map((k) => ({ x: { v: k } })), { x: { w: 1 } }, { x: { w: 2 } }];
  const { json } = seriesOf(payloads, [...rows, 1, 0]);
  const { timestamp, v, w } = json["t.x"]!;
  // The second is replaced; the first had been written, so that it comes again.
  assert.deepEqual(timestamp, [...rows, 0]);
  assert.deepEqual(v, [...rows, null]);
  assert.deepEqual(w, [null, 1, ...Array(255).fill(null), 2]);
});
