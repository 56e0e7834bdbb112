import assert from "node:assert/strict";
import { intervalFor, toCsv, toTable } from "../../../../src/web/trends/trend.ts";

const row = (timeS: number, pulse?: number) => ({
  timeUs: timeS * 1e6,
  values: pulse === undefined ? {} : { pulse, pulse_confidence: 0.9 },
});

Deno.test("intervalFor() is 5 s for an hour, and longer for what would have over 2000 rows", () => {
  for (const [hours, intervalS] of [[0, 5], [1, 5], [2.7, 5], [3, 10], [24, 45], [168, 305]]) {
    assert.equal(intervalFor({ fromUs: 0, toUs: hours! * 3600e6 }), intervalS);
  }
  assert.equal(intervalFor({ fromUs: 5, toUs: 0 }), 5);
});

Deno.test("toTable() has the medians of each interval, and null for those without values", () => {
  const table = toTable([row(100, 70), row(105, 80), row(109.9, 72), row(130, 60), row(110)], 10);
  assert.deepEqual(table.time, [100e6, 110e6, 120e6, 130e6]);
  assert.deepEqual(table.columns.pulse, [72, null, null, 60]);
  assert.deepEqual(table.columns.breathing, [null, null, null, null]);
  assert.deepEqual(toTable([], 5).time, []);
});

Deno.test("toTable() keeps the newest 2000 rows", () => {
  const { time } = toTable([row(0, 1), row(50_000, 2)], 5);
  assert.deepEqual([time.length, time.at(-1)], [2000, 50_000e6]);
});

Deno.test("toCsv() writes a header, times and empty cells", () => {
  assert.equal(
    toCsv(toTable([row(5, 70.5), row(15)], 5)),
    "time,pulse,pulse_confidence,breathing,breathing_confidence\r\n" +
      "1970-01-01T00:00:05.000Z,70.5,0.9,,\r\n" +
      "1970-01-01T00:00:10.000Z,,,,\r\n" +
      "1970-01-01T00:00:15.000Z,,,,\r\n",
  );
});
