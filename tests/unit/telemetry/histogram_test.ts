import assert from "node:assert/strict";
import { Histogram } from "../../../src/telemetry/histogram.ts";

Deno.test("Histogram.observe() adds to cumulative buckets, the sum and the count", () => {
  const histogram = new Histogram({ bounds: [2, 10.5] });
  for (const value of [1, 5, 50]) histogram.observe(value);
  assert.deepEqual(histogram.samples({ class: "frame" }), [
    { labels: { class: "frame", le: "2.0" }, value: 1, part: "bucket" },
    { labels: { class: "frame", le: "10.5" }, value: 2, part: "bucket" },
    { labels: { class: "frame", le: "+Inf" }, value: 3, part: "bucket" },
    { labels: { class: "frame" }, value: 56, part: "sum" },
    { labels: { class: "frame" }, value: 3, part: "count" },
  ]);
  histogram.observe(2);
  assert.equal(histogram.samples()[0]?.value, 2, "a bound belongs to its bucket");
});
