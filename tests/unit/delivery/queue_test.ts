import assert from "node:assert/strict";
import { CongestionController } from "../../../src/delivery/congestion/controller.ts";
import { DeliveryStats } from "../../../src/delivery/queue.ts";
import { type CounterName, Counters, type HistogramName } from "../../../src/telemetry/counters.ts";
import { Health } from "../../../src/telemetry/health.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { FakeBackend } from "../../support/fake_backend.ts";
import { ManualClock } from "../../support/manual_clock.ts";

function statsOf(topic: "status" | "frame") {
  const counters = new Counters();
  const clock = new ManualClock();
  const health = new Health(clock);
  const stats = new DeliveryStats(topic, {
    backend: new FakeBackend(),
    congestion: new CongestionController(),
    log: silentLog,
    clock,
    counters,
    health,
  });
  return { counters, health, stats };
}

const MESSAGE = { sentUs: 0, acknowledgedUs: 1500, bytes: 40, receivers: undefined };

Deno.test("DeliveryStats counts messages, bytes and replayed messages of their class", () => {
  for (const [topic, kind] of [["status", "metric"], ["frame", "frame"]] as const) {
    const { counters, stats, health } = statsOf(topic);
    assert.equal(health.ageS("acknowledgement"), undefined);
    stats.add(MESSAGE);
    stats.add({ ...MESSAGE, bytes: 2 });
    stats.add({ ...MESSAGE, replayed: true });
    const counted = (name: CounterName) => counters.get(name, { class: kind });
    assert.deepEqual(
      (["outbox_sent_total", "outbox_replayed_total", "outbox_sent_bytes_total"] as const).map(
        counted,
      ),
      [2, 1, 82],
    );
    assert.equal(health.ageS("acknowledgement"), 0);
  }
});

/** The samples of a histogram: the text of each bound with its count, and the sum. */
function histogramOf(counters: Counters, name: HistogramName) {
  const samples = counters.families().find((family) => family.name === name)?.samples ?? [];
  return {
    buckets: Object.fromEntries(
      samples.filter(({ part }) => part === "bucket").map(({ labels, value }) => [
        labels["le"],
        value,
      ]),
    ),
    sum: samples.find(({ part }) => part === "sum")?.value,
  };
}

Deno.test("DeliveryStats measures the time to the acknowledgement in seconds", () => {
  const { counters, stats } = statsOf("status");
  stats.add({ ...MESSAGE, sentUs: 100, acknowledgedUs: 1600 });
  stats.add({ ...MESSAGE, sentUs: 100, acknowledgedUs: 300_100 });
  const { buckets, sum } = histogramOf(counters, "outbox_acknowledgement_seconds");
  assert.equal(sum, 0.3015);
  const inBucket = (le: string) => buckets[le];
  assert.deepEqual(["0.001", "0.002", "0.2", "0.5", "+Inf"].map(inBucket), [0, 1, 1, 2, 2]);
});

Deno.test("DeliveryStats measures the time since the capture, apart from states and replays", () => {
  const { counters, stats } = statsOf("frame");
  stats.add({ ...MESSAGE, latencyUs: 30_000 });
  stats.add({ ...MESSAGE, latencyUs: -5 });
  stats.add({ ...MESSAGE, latencyUs: 9e6, replayed: true });
  stats.add(MESSAGE);
  const { buckets, sum } = histogramOf(counters, "publication_latency_seconds");
  assert.equal(sum, 0.03);
  assert.deepEqual([buckets["0.005"], buckets["0.05"], buckets["+Inf"]], [1, 2, 2]);
  const ofStatus = statsOf("status");
  ofStatus.stats.add({ ...MESSAGE, latencyUs: 30_000 });
  assert.deepEqual(histogramOf(ofStatus.counters, "publication_latency_seconds").buckets, {});
});

Deno.test("DeliveryStats shows the receivers of a topic, and counts those that were lost", () => {
  const { counters, stats } = statsOf("status");
  const labels = { topic: "status" };
  const shown = () => [
    counters.get("outbox_receivers", labels),
    counters.get("outbox_receivers_lost_total", labels),
  ];
  for (
    const [receivers, expected] of [
      [3, [3, 0]],
      [undefined, [3, 0]],
      [1, [1, 2]],
      [1, [1, 2]],
      [2, [2, 2]],
      [0, [0, 4]],
    ] as const
  ) {
    stats.add({ ...MESSAGE, receivers });
    assert.deepEqual(shown(), expected, `${receivers}`);
  }
});
