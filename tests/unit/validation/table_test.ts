import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BREATHING_REFERENCE,
  looksLikeRate,
  PULSE_REFERENCE,
  referencesOf,
} from "../../../src/validation/reference.ts";
import { column, parseTable, TableError, timesOf } from "../../../src/validation/table.ts";
import { traceSamples } from "../../../src/validation/trace.ts";

Deno.test("a table of numbers is read back as it was written, an empty cell as NaN", () => {
  // A number's text does not tell -0 from 0.
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

Deno.test("any text is a table or a TableError, and nothing else", () => {
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

Deno.test("an error names the row, the column and what is wrong there", () => {
  assert.throws(() => parseTable("t_s,a\n0,1\n1,x\n"), /row 2, a: no number: x/);
  assert.throws(() => parseTable("t_s,a\n0\n"), /row 1 has 1 cells, the first line 2/);
  assert.throws(() => column(parseTable("t_s,a\n0,1\n"), "b"), /Cannot find the column b.*t_s, a/);
  assert.throws(() => timesOf(parseTable("t_s,a\n1,1\n0,1\n")), /t_s must not fall: row 2: 0/);
  assert.throws(() => [...traceSamples(parseTable("t_s,a\n1,1\n"))], /it needs r,g,b/);
});

Deno.test("a column is a rate or a waveform by what it looks like", () => {
  const times = Float64Array.from({ length: 900 }, (_, k) => k / 30);
  const rate = times.map((t) => Math.round(75 + 6 * Math.sin(0.2 * t)));
  const wave = (offset: number, size: number, hz: number) =>
    times.map((t) => offset + size * Math.sin(2 * Math.PI * hz * t));
  assert.equal(looksLikeRate(times, rate, PULSE_REFERENCE), true);
  assert.equal(looksLikeRate(times, wave(0, 1, 1.2), PULSE_REFERENCE), false);
  assert.equal(looksLikeRate(times, wave(118, 1, 1.2), PULSE_REFERENCE), false);
  assert.equal(looksLikeRate(times, wave(76, 60, 1.2), PULSE_REFERENCE), false);
  assert.equal(looksLikeRate(times, wave(15, 0.5, 0.02), BREATHING_REFERENCE), true);
  assert.equal(looksLikeRate(times, wave(0, 1, 0.25), BREATHING_REFERENCE), false);
});

Deno.test("a reference is the rate of its column in the same window", () => {
  const rows = Array.from({ length: 1800 }, (_, k) => {
    const t = k / 30;
    return `${t},${Math.sin(2 * Math.PI * 1.25 * t)},${Math.sin(2 * Math.PI * 0.3 * t)},72`;
  });
  const table = parseTable(["t_s,ppg,resp,hr", ...rows].join("\n"));
  const waves = referencesOf(table, "ppg,resp");
  assert.ok(Math.abs(waves.pulse!.rateAt(20, 10)! - 75) < 0.2);
  assert.ok(Math.abs(waves.breathing!.rateAt(40, 10)! - 18) < 0.2);
  assert.equal(waves.pulse!.rateAt(5, 10), undefined);
  assert.equal(referencesOf(table, "hr").pulse!.rateAt(20, 10), 72);
  assert.equal(referencesOf(table, "hr:breathing:rate").breathing!.rateAt(40, 10), 72);
});
