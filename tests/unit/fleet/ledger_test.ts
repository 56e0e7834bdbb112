import assert from "node:assert/strict";
import { type Arrival, Ledger } from "../../../src/fleet/ledger.ts";

/** A core metric of a device, 10 ms late, that arrives 200 ms after the one before. */
function arrival(sequence: number, changes: Partial<Arrival> = {}): Arrival {
  return {
    device: "ward-1",
    topic: "core_metrics",
    bootId: "boot",
    sequence,
    latencyMs: 10,
    replayed: false,
    atMs: sequence * 200,
    ...changes,
  };
}

function ledgerOf(arrivals: readonly Arrival[], warmUpMs = 0): Ledger {
  const ledger = new Ledger({ warmUpMs });
  for (const each of arrivals) ledger.add(each);
  return ledger;
}

Deno.test("Ledger counts gaps of the sequence as lost, and repetitions as duplicates", () => {
  const ledger = ledgerOf([0, 1, 4, 1, 3].map((sequence) => arrival(sequence)));
  const { expected, received, lost, duplicates } = ledger.summary("core_metrics");
  assert.deepEqual({ expected, received, lost, duplicates }, {
    expected: 5,
    received: 4,
    lost: 1,
    duplicates: 1,
  });
});

Deno.test("Ledger expects all published messages if their number is known", () => {
  const ledger = ledgerOf([arrival(2), arrival(3)]);
  assert.equal(ledger.summary("core_metrics").lost, 0);
  assert.equal(ledger.summary("core_metrics", () => 6).lost, 4);
});

Deno.test("Ledger counts devices and boots separately", () => {
  const ledger = ledgerOf([
    arrival(0),
    arrival(0, { device: "ward-2" }),
    arrival(0, { bootId: "later" }),
  ]);
  const { received, duplicates } = ledger.summary("core_metrics");
  assert.deepEqual([received, duplicates], [3, 0]);
});

Deno.test("Ledger leaves replayed messages out of the latencies", () => {
  const ledger = ledgerOf([arrival(0), arrival(1, { latencyMs: 60_000, replayed: true })]);
  const { replayed, worstMs } = ledger.summary("core_metrics");
  assert.deepEqual([replayed, worstMs], [1, 10]);
});

Deno.test("Ledger measures latencies and gaps after the warm-up only", () => {
  const arrivals = [
    arrival(0, { latencyMs: 900 }),
    arrival(1, { atMs: 999, latencyMs: 900 }),
    arrival(2, { atMs: 1000, latencyMs: 20 }),
    arrival(3, { atMs: 1300, latencyMs: 20 }),
  ];
  const { worstMs, longestGapMs, received } = ledgerOf(arrivals, 1000).summary("core_metrics");
  assert.deepEqual([worstMs, longestGapMs, received], [20, 300, 4]);
});

Deno.test("Ledger.summary() of a topic without messages is zero", () => {
  const summary = new Ledger().summary("status");
  assert.deepEqual([summary.expected, summary.received, summary.longestGapMs], [0, 0, 0]);
});

Deno.test("Ledger.summary() has quantiles of the latencies", () => {
  const arrivals = Array.from(
    { length: 200 },
    (_, n) => arrival(n, { latencyMs: n < 199 ? n + 1 : 1000 }),
  );
  const { p50Ms, p99Ms, worstMs } = ledgerOf(arrivals).summary("core_metrics");
  // A quantile is at most 2 % too large.
  assert.ok(p50Ms >= 100 && p50Ms <= 102, `${p50Ms}`);
  assert.ok(p99Ms >= 198 && p99Ms <= 202, `${p99Ms}`);
  assert.equal(worstMs, 1000);
});

Deno.test("Ledger measures the first arrival without a warm-up, which has no gap", () => {
  const ledger = new Ledger();
  ledger.add(arrival(0));
  const { duplicates, worstMs, longestGapMs } = ledger.summary("core_metrics");
  assert.deepEqual([duplicates, worstMs, longestGapMs], [0, 10, 0]);
});
