import assert from "node:assert/strict";
import fc from "fast-check";
import { median } from "../../../../src/base/statistics.ts";
import { MAX_ROWS, TrendSeries } from "../../../../src/web/trends/trend_series.ts";

const ROW_US = 5_000_000;
const START_US = 1000 * ROW_US;
const ALL = { fromUs: 0, toUs: Number.MAX_SAFE_INTEGER };

Deno.test("TrendSeries has the median of the values of 5 s, and gaps between them", () => {
  const series = new TrendSeries();
  for (const pulse of [70, 90, 71]) series.add(START_US + pulse, { pulse, pulse_confidence: 0.5 });
  series.add(START_US + ROW_US, {});
  series.add(START_US + 3 * ROW_US, { breathing: 15 });
  assert.deepEqual(series.rows(ALL), [
    { timeUs: START_US, values: { pulse: 71, pulse_confidence: 0.5 } },
    { timeUs: START_US + ROW_US, values: {} },
    { timeUs: START_US + 2 * ROW_US, values: {} },
    { timeUs: START_US + 3 * ROW_US, values: { breathing: 15 } },
  ]);
  assert.deepEqual(new TrendSeries().rows(ALL), []);
});

Deno.test("TrendSeries keeps what a model keeps: the last hour, by any times that increase", () => {
  const step = fc.record({
    us: fc.oneof(fc.nat(2 * ROW_US), fc.nat(900 * ROW_US)),
    pulse: fc.option(fc.integer({ min: 30, max: 220 }), { nil: undefined }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const series = new TrendSeries();
    const model = new Map<number, number[]>();
    let timeUs = START_US;
    for (const { us, pulse } of steps) {
      timeUs += us;
      const index = Math.floor(timeUs / ROW_US);
      const values = model.get(index) ?? [];
      model.set(index, values);
      if (pulse !== undefined) values.push(pulse);
      series.add(timeUs, pulse === undefined ? {} : { pulse });
    }
    const newest = Math.floor(timeUs / ROW_US);
    const expected = [...model].filter(([index]) => index > newest - MAX_ROWS)
      .map(([index, values]) => [index, values.length > 0 ? median(values) : undefined]);
    const rows = series.rows(ALL);
    assert(rows.length <= MAX_ROWS);
    rows.forEach(({ timeUs }, at) => assert.equal(timeUs, rows[0]!.timeUs + at * ROW_US));
    const indices = new Set(expected.map(([index]) => index));
    assert.deepEqual(
      rows.filter(({ timeUs }) => indices.has(timeUs / ROW_US))
        .map(({ timeUs, values }) => [timeUs / ROW_US, values.pulse]),
      expected,
    );
    const others = rows.filter(({ timeUs }) => !indices.has(timeUs / ROW_US));
    assert(others.every(({ values }) => values.pulse === undefined));
  }));
});

Deno.test("TrendSeries returns the rows of a range", () => {
  const series = new TrendSeries();
  for (let row = 0; row < 10; row++) series.add(START_US + row * ROW_US, { pulse: row });
  const range = { fromUs: START_US + 2 * ROW_US + 1, toUs: START_US + 5 * ROW_US };
  assert.deepEqual(series.rows(range).map(({ values }) => values.pulse), [2, 3, 4]);
  assert.deepEqual(series.rows({ fromUs: 0, toUs: START_US }), []);
});

Deno.test("TrendSeries fills a gap with late values, and takes none for what it no longer keeps", () => {
  const series = new TrendSeries();
  series.add(START_US, { pulse: 60 });
  series.add(START_US + 3 * ROW_US, { pulse: 63 });
  for (const late of [1, 2]) series.addLate(START_US + late * ROW_US, { pulse: 60 + late });
  series.addLate(START_US - MAX_ROWS * ROW_US, { pulse: 1 });
  series.addLate(START_US + 9 * ROW_US, { pulse: 1 });
  assert.deepEqual(series.rows(ALL).map(({ values }) => values.pulse), [60, 61, 62, 63]);
});

Deno.test("TrendSeries removes the rows after a time that has gone back", () => {
  const series = new TrendSeries();
  series.add(START_US + 100 * ROW_US, { pulse: 1 });
  series.add(START_US, { pulse: 60 });
  series.add(START_US + ROW_US, { pulse: 61 });
  assert.deepEqual(series.rows(ALL).map(({ values }) => values.pulse), [60, 61]);
});
