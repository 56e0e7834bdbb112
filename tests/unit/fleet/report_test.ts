import assert from "node:assert/strict";
import { type FleetReport, reportJson, reportText } from "../../../src/fleet/report.ts";

const SUMMARY = {
  topic: "core_metrics",
  expected: 100,
  received: 98,
  lost: 2,
  duplicates: 1,
  replayed: 3,
  p50Ms: 1.234,
  p99Ms: 20.5,
  worstMs: 1234.5,
  longestGapMs: 401,
} as const;

const REPORT: FleetReport = {
  devices: 20,
  watchers: 1,
  seconds: 10,
  published: 1000,
  dropped: { metric_queue_full: 5 },
  observed: [SUMMARY],
  watched: [],
  generatorLag: { p99Ms: 2, worstMs: 9.876 },
  connections: { total: 60, attempts: 130 },
  outages: [{
    startS: 2,
    fewestReady: 0,
    firstBackS: 4,
    allBackS: 6.5,
    peakAttemptsBefore: 50,
    peakAttemptsAfter: 20,
  }],
};

Deno.test("reportText() has a row for each topic under its columns, and each outage", () => {
  const lines = reportText(REPORT).split("\n");
  assert.equal(lines[0], "20 devices, 1 watchers, 10.0 s: 1000 messages, 100/s");
  const header = lines.findIndex((line) => line.startsWith("Observer"));
  const row = lines[header + 1]!;
  assert.deepEqual(row.split(/\s+/), [
    "core_metrics",
    "100",
    "98",
    "2",
    "1",
    "3",
    "1.2",
    "20.5",
    "1235",
    "401",
  ]);
  assert.equal(row.length, lines[header]!.length);
  assert.equal(lines.some((line) => line.startsWith("Watchers")), false);
  assert.ok(lines.includes("Dropped by the devices: 5 metric_queue_full"));
  assert.ok(lines.includes("  all connections: 2.5 s later; all readers: not within the run"));
  assert.ok(lines.includes("  connections begun per second, at most: 50 before, 20 after"));
});

Deno.test("reportJson() has units in its keys, and no key for what is unknown", () => {
  const report = JSON.parse(reportJson(REPORT));
  assert.deepEqual(report.observed, [{
    topic: "core_metrics",
    expected: 100,
    received: 98,
    lost: 2,
    duplicates: 1,
    replayed: 3,
    p50_ms: 1.23,
    p99_ms: 20.5,
    worst_ms: 1234.5,
    longest_gap_ms: 401,
  }]);
  assert.deepEqual(report.generator_lag, { p99_ms: 2, worst_ms: 9.88 });
  assert.deepEqual(report.outages, [{
    start_s: 2,
    fewest_ready: 0,
    first_back_s: 4,
    all_back_s: 6.5,
    peak_attempts_before: 50,
    peak_attempts_after: 20,
  }]);
  assert.deepEqual(report.dropped, { metric_queue_full: 5 });
});

Deno.test("reportText() has a line for each part, and columns of fixed width", () => {
  const watched = [{ ...SUMMARY, topic: "frame", p99Ms: 99.96, worstMs: 100, lost: 0 } as const];
  const [outage] = REPORT.outages;
  const outages = [outage!, {
    ...{ startS: 7.25, fewestReady: 3, readersBackS: 9 },
    ...{ peakAttemptsBefore: 1, peakAttemptsAfter: 0 },
  }];
  assert.equal(
    reportText({ ...REPORT, seconds: 9.96, watched, outages }),
    `20 devices, 1 watchers, 10.0 s: 1000 messages, 100/s
Connections of devices: 60, begun 130
Generator: late by 2.0 ms (p99), 9.9 ms (worst)
Dropped by the devices: 5 metric_queue_full

Observer       expected received   lost  again   kept   p50 ms   p99 ms worst ms  gap ms
core_metrics        100       98      2      1      3      1.2     20.5     1235     401

Watchers       expected received   lost  again   kept   p50 ms   p99 ms worst ms  gap ms
frame               100       98      0      1      3      1.2    100.0      100     401

Outage at 2.0 s: 0 connections were left
  first connection again: 4.0 s
  all connections: 2.5 s later; all readers: not within the run
  connections begun per second, at most: 50 before, 20 after

Outage at 7.3 s: 3 connections were left
  first connection again: none
  all connections: not within the run; all readers: not within the run
  connections begun per second, at most: 1 before, 0 after`,
  );
});

Deno.test("reportText() has no negative delay of readers that were back before the first connection", () => {
  const [outage] = REPORT.outages;
  const text = reportText({ ...REPORT, outages: [{ ...outage!, readersBackS: 3.5 }] });
  assert.ok(text.includes("all readers: 0.0 s later"), text);
});

Deno.test("reportJson() is indented, and rounds to hundredths", () => {
  const text = reportJson({ ...REPORT, generatorLag: { p99Ms: 2.344, worstMs: 2.346 } });
  assert.ok(
    text.includes('\n  "generator_lag": {\n    "p99_ms": 2.34,\n    "worst_ms": 2.35\n  }'),
    text,
  );
});

Deno.test("reportText() shows a run that only observes when its readers were back", () => {
  const lost = { startS: 2, fewestReady: 0, peakAttemptsBefore: 0, peakAttemptsAfter: 0 };
  const lines = (outage: FleetReport["outages"][0]) =>
    reportText({ ...REPORT, connections: { total: 0, attempts: 0 }, outages: [outage] })
      .split("\n").slice(-2);
  assert.deepEqual(lines({ ...lost, readersBackS: 5.5 }), [
    "Outage at 2.0 s: readers were not subscribed",
    "  all readers: 3.5 s later",
  ]);
  assert.equal(lines(lost)[1], "  all readers: not within the run");
});
