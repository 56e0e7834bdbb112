import assert from "node:assert/strict";
import fc from "fast-check";
import { column, parseTable, TableError, timesOf } from "../../../src/validation/table.ts";
import { traceSamples } from "../../../src/validation/trace.ts";

Deno.test("parseTable() reads back a written table, and empty cells as NaN", () => {
  // The text of a number does not distinguish -0 from 0.
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 0);
  const cell = fc.oneof(number, fc.constant(NaN));
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 30 }),
      fc.constantFrom("\n", "\r\n"),
      (rows, newline) => {
        const text = [
          "t_s,a,b_1",
          ...rows.map((row) =>
            row.map((value) => (Number.isNaN(value) ? "" : String(value))).join(",")
          ),
        ].join(newline) + newline;
        // A line of three empty cells still has its commas.
        const table = parseTable(text);
        assert.equal(table.rows, rows.length);
        ["t_s", "a", "b_1"].forEach((name, k) =>
          assert.deepEqual([...column(table, name)], rows.map((row) => row[k]))
        );
      },
    ),
  );
});

Deno.test("parseTable() returns a table or throws a TableError for any text", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[t_s,ab\n0-9.eE-]*$/)), (text) => {
      try {
        timesOf(parseTable(text));
      } catch (error) {
        assert.ok(error instanceof TableError, String(error));
      }
    }),
  );
});

Deno.test("TableError names the row, the column and the fault", () => {
  assert.throws(() => parseTable("t_s,a\n0,1\n1,x\n"), /row 2, column a: not a number: x/);
  assert.throws(() => parseTable("t_s,a\n0\n"), /row 1 has 1 cells, the header line has 2/);
  assert.throws(() => column(parseTable("t_s,a\n0,1\n"), "b"), /Cannot find the column b.*t_s, a/);
  assert.throws(() => timesOf(parseTable("t_s,a\n1,1\n0,1\n")), /t_s must not decrease: row 2: 0/);
  assert.throws(() => [...traceSamples(parseTable("t_s,a\n1,1\n"))], /it needs r,g,b/);
});

Deno.test("parseTable() requires a header line of at least two names, and skips a byte order mark", () => {
  for (const text of ["", "t_s", "t_s,\n0,1\n", "\n\n"]) {
    assert.throws(() => parseTable(text, "a.csv"), /a\.csv: the header line must name/, text);
  }
  const table = parseTable("\uFEFFt_s, a \n\n0,1\n   \n2, 3 \n");
  assert.deepEqual([...table.columns.keys()], ["t_s", "a"]);
  assert.deepEqual([table.rows, [...column(table, "a")]], [2, [1, 3]]);
});

Deno.test("parseTable() reads nan in any case, and no other text, as NaN", () => {
  const values = [...column(parseTable("t_s,a\n0,nan\n1,NaN\n2, \n"), "a")];
  assert.deepEqual(values, [NaN, NaN, NaN]);
  for (const cell of ["nanx", "xnan", "n", "1 2"]) {
    assert.throws(() => parseTable(`t_s,a\n0,${cell}\n`), TableError, cell);
  }
});

Deno.test("timesOf() allows repeated times, and neither decreasing nor missing ones", () => {
  const times = (
    ...cells: string[]
  ) => [...timesOf(parseTable(["t_s,a", ...cells.map((cell) => `${cell},1`)].join("\n")))];
  assert.deepEqual(times("-1", "-1", "0"), [-1, -1, 0]);
  assert.deepEqual(times("5"), [5]);
  assert.throws(() => times("1", "0.9"), /row 2: 0\.9/);
  assert.throws(() => times("", "1"), /row 1: NaN/);
  assert.throws(() => times("0", "Infinity"), /row 2: Infinity/);
});
