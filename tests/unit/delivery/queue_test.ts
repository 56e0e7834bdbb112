import assert from "node:assert/strict";
import { CongestionController } from "../../../src/delivery/congestion/controller.ts";
import { DeliveryStats } from "../../../src/delivery/queue.ts";
import { Counters } from "../../../src/telemetry/counters.ts";
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
    const counted = (name: string) => counters.get(name, { class: kind });
    assert.deepEqual(
      ["outbox_sent_total", "outbox_replayed_total", "outbox_sent_bytes_total"].map(counted),
      [2, 1, 82],
    );
    assert.equal(health.ageS("acknowledgement"), 0);
  }
});

Deno.test("DeliveryStats measures the time to the acknowledgement in milliseconds", () => {
  const { counters, stats } = statsOf("status");
  stats.add({ ...MESSAGE, sentUs: 100, acknowledgedUs: 1600 });
  stats.add({ ...MESSAGE, sentUs: 100, acknowledgedUs: 300_100 });
  const labels = { class: "metric" };
  assert.equal(counters.get("outbox_acknowledgement_ms_sum", labels), 301.5);
  const inBucket = (le: string) =>
    counters.get("outbox_acknowledgement_ms_bucket", { ...labels, le });
  assert.deepEqual(["1", "2", "200", "500", "+Inf"].map(inBucket), [0, 1, 1, 2, 2]);
});

Deno.test("DeliveryStats has buckets from 1 ms to 5 s, in steps of 1, 2 and 5", () => {
  const { counters } = statsOf("status");
  const bounds = counters.all().filter(({ name }) => name === "outbox_acknowledgement_ms_bucket")
    .map(({ labels }) => labels["le"]);
  assert.deepEqual(
    bounds,
    ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1000", "2000", "5000", "+Inf"],
  );
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
