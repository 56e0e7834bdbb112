import assert from "node:assert/strict";
import { TrendHistory } from "../../../../src/web/trends/trend_history.ts";

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

const core = (timeUs: number, pulse: number) =>
  JSON.stringify({
    type: "core_metrics",
    timestamp: timeUs,
    payload: { pulse: { strict: { value: pulse, confidence: 0.9 } } },
  });

/** A history whose entries follow from the ranges that are read. */
function historyOf(entryOf: (range: Range) => string | undefined = () => undefined) {
  const reads: { readonly stream: string; readonly ranges: readonly Range[] }[] = [];
  const history = new TrendHistory({
    prefixOf: (device) => `p:${device}`,
    firstEntries: (stream, ranges) => {
      reads.push({ stream, ranges });
      return Promise.resolve(ranges.map(entryOf));
    },
  });
  return { history, reads };
}

Deno.test("TrendHistory.oldestUs() is the time of the first entry in the whole range", async () => {
  const { history, reads } = historyOf(() => core(5_000_000, 70));
  assert.equal(await history.oldestUs("bed-1", { fromUs: 1_999_500, toUs: 7_000_500 }), 5_000_000);
  assert.deepEqual(reads, [{
    stream: "p:bed-1:core_metrics:history",
    ranges: [{ fromMs: 1999, toMs: 7001 }],
  }]);
  for (const entry of [undefined, "", "{}", `{"type":"status","timestamp":1,"payload":{}}`]) {
    const { history } = historyOf(() => entry);
    assert.equal(await history.oldestUs("bed-1", { fromUs: 0, toUs: 1 }), undefined, entry ?? "");
  }
});

Deno.test("TrendHistory.rows() reads the first entry of each third of an interval, without a gap", async () => {
  const { history, reads } = historyOf(({ fromMs }) => core(fromMs * 1000, fromMs));
  const rows = await history.rows("bed-1", {
    fromUs: 12_000_000,
    toUs: 20_000_000,
    intervalS: 5,
  });
  // Thirds of the intervals from 10 s to 20 s.
  assert.deepEqual(reads.flatMap(({ ranges }) => ranges), [
    { fromMs: 10_000, toMs: 11_666 },
    { fromMs: 11_667, toMs: 13_333 },
    { fromMs: 13_334, toMs: 14_999 },
    { fromMs: 15_000, toMs: 16_666 },
    { fromMs: 16_667, toMs: 18_333 },
    { fromMs: 18_334, toMs: 19_999 },
  ]);
  assert.deepEqual(rows[1], {
    timeUs: 11_667_000,
    values: { pulse: 11_667, pulse_confidence: 0.9 },
  });
  assert.equal(rows.length, 6);
});

Deno.test("TrendHistory.rows() ends with its range, and has none of an empty one", async () => {
  const { history, reads } = historyOf();
  await history.rows("bed-1", { fromUs: 0, toUs: 2_000_500, intervalS: 3 });
  assert.deepEqual(reads.flatMap(({ ranges }) => ranges), [
    { fromMs: 0, toMs: 999 },
    { fromMs: 1000, toMs: 1999 },
    { fromMs: 2000, toMs: 2000 },
  ]);
  assert.deepEqual(await history.rows("bed-1", { fromUs: 9e6, toUs: 0, intervalS: 3 }), []);
  assert.equal(reads.length, 1);
});

Deno.test("TrendHistory.rows() leaves out ranges without a measurement", async () => {
  const { history } = historyOf(({ fromMs }) =>
    fromMs === 0 ? undefined : fromMs === 1000 ? "{" : core(fromMs * 1000, 70)
  );
  const rows = await history.rows("bed-1", { fromUs: 0, toUs: 3_000_000, intervalS: 3 });
  assert.deepEqual(rows.map(({ timeUs }) => timeUs), [2_000_000]);
});

Deno.test("TrendHistory.rows() reads up to 200 ranges at once", async () => {
  const { history, reads } = historyOf(({ fromMs }) => core(fromMs * 1000, 70));
  const rows = await history.rows("bed-1", { fromUs: 0, toUs: 401_000_000, intervalS: 3 });
  assert.deepEqual(reads.map(({ ranges }) => ranges.length), [200, 200, 1]);
  assert.deepEqual(
    rows.map(({ timeUs }) => timeUs / 1e6),
    Array.from({ length: 401 }, (_, s) => s),
  );
});
