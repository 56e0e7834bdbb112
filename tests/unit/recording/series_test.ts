import assert from "node:assert/strict";
import fc from "fast-check";
import { csvLines, SeriesTable } from "../../../src/recording/series.ts";

Deno.test("SeriesTable.add() replaces a repeated sample, and keeps columns of equal length", () => {
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

Deno.test("SeriesTable.add() keeps columns of equal length for any payload", () => {
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

Deno.test("csvLines() yields a line per value, and escapes formulas", () => {
  const table = new SeriesTable();
  table.add({ type: "t", timestamp: 7, payload: { a: -1.5, b: '=cmd("x")', "c,d": true } });
  assert.deepEqual([...csvLines(table)], [
    "timestamp,series,field,value\n",
    "7,t,a,-1.5\n",
    `7,t,b,"'=cmd(""x"")"\n`,
    '7,t,"c,d",true\n',
  ]);
});
