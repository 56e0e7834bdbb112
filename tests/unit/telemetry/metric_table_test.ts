import assert from "node:assert/strict";
import { METRIC_TABLE, type MetricRow } from "../../../src/telemetry/metric_table.ts";

const ROWS = Object.entries(METRIC_TABLE) as [string, MetricRow][];

Deno.test("METRIC_TABLE has names that OpenMetrics permits", () => {
  for (const [name, { kind, unit }] of ROWS) {
    assert.match(name, /^[a-z][a-z0-9_]*$/);
    assert.equal(name.endsWith("_total"), kind === "counter", name);
    if (kind !== "counter") assert.doesNotMatch(name, /_(?:created|bucket|sum|count|info)$/);
    if (unit) assert(name.replace(/_total$/, "").endsWith(`_${unit}`), `${name}: ${unit}`);
    else assert.doesNotMatch(name, /_(?:seconds|bytes|ms)(?:_total)?$/);
  }
});

Deno.test("METRIC_TABLE has no two rows with the same family or sample names", () => {
  const names = ROWS.flatMap(([name, { kind }]) => {
    const family = name.replace(/_total$/, "");
    if (kind === "counter") return [family, `${family}_total`, `${family}_created`];
    if (kind === "gauge") return [family];
    return ["", "_bucket", "_sum", "_count", "_created"].map((suffix) => family + suffix);
  });
  assert.deepEqual(names.filter((name, index) => names.indexOf(name) !== index), []);
});

Deno.test("METRIC_TABLE describes each row, and gives ascending bounds to histograms alone", () => {
  for (const [name, { kind, help, bounds }] of ROWS) {
    assert.match(help, /^[A-Z][^\n]+[^.]$/, name);
    assert.equal(bounds !== undefined, kind === "histogram", name);
    assert.ok(bounds?.every((bound, i) => i === 0 || bound > bounds[i - 1]!) ?? true, name);
  }
});
