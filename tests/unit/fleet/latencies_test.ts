import assert from "node:assert/strict";
import fc from "fast-check";
import { Latencies } from "../../../src/fleet/latencies.ts";

Deno.test("Latencies.quantileMs() is at most 2 % above the exact quantile", () => {
  const values = fc.array(fc.double({ min: 0.06, max: 1e6, noNaN: true }), { minLength: 1 });
  fc.assert(fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
    const latencies = new Latencies();
    for (const ms of all) latencies.add(ms);
    const sorted = all.toSorted((a, b) => a - b);
    const exact = sorted[Math.max(0, Math.ceil(q * all.length) - 1)]!;
    const ratio = latencies.quantileMs(q) / exact;
    assert.ok(ratio > 1 - 1e-9 && ratio < 1.02 + 1e-9, `${ratio}`);
    assert.deepEqual([latencies.count, latencies.worstMs], [all.length, sorted.at(-1)]);
  }));
});

Deno.test("Latencies counts a negative latency as the smallest, and is 0 without any", () => {
  const latencies = new Latencies();
  assert.deepEqual([latencies.quantileMs(0.5), latencies.worstMs], [0, 0]);
  latencies.add(-5);
  assert.deepEqual([latencies.quantileMs(1), latencies.worstMs, latencies.count], [0, 0, 1]);
});

Deno.test("Latencies.quantileMs() of latencies up to 0.05 ms is at most that", () => {
  const latencies = new Latencies();
  for (const ms of [0.01, 0.05, 3]) latencies.add(ms);
  assert.equal(latencies.quantileMs(0.5), 0.05);
});
