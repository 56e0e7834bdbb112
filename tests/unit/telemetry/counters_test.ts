import assert from "node:assert/strict";
import { Counters } from "../../../src/telemetry/counters.ts";

Deno.test("Counters.add() counts by name and labels, in any order of the labels", () => {
  const counters = new Counters();
  assert.equal(counters.get("dropped_total"), 0);
  counters.add("dropped_total");
  counters.add("dropped_total", {}, 4);
  counters.add("dropped_total", { class: "frame", reason: "age" });
  counters.add("dropped_total", { reason: "age", class: "frame" }, 2);
  assert.equal(counters.get("dropped_total"), 5);
  assert.equal(counters.get("dropped_total", { class: "frame", reason: "age" }), 3);
  assert.equal(counters.get("dropped_total", { class: "frame" }), 0);
});

Deno.test("Counters.counter() returns the counter itself", () => {
  const counters = new Counters();
  const counter = counters.counter("outbox_sent_total", { class: "b" });
  counter.total += 7;
  assert.equal(counters.counter("outbox_sent_total", { class: "b" }), counter);
  assert.equal(counters.get("outbox_sent_total", { class: "b" }), 7);
});

Deno.test("Counters.set() sets a gauge, which goes up and down", () => {
  const counters = new Counters();
  for (const amount of [3, 8, 2]) {
    counters.set("outbox_receivers", amount, { topic: "b" });
    assert.equal(counters.get("outbox_receivers", { topic: "b" }), amount);
  }
  counters.add("frames_captured_total");
  assert.deepEqual(counters.all(), [
    { name: "outbox_receivers", labels: { topic: "b" }, kind: "gauge", total: 2 },
    { name: "frames_captured_total", labels: {}, kind: "counter", total: 1 },
  ]);
});

Deno.test("Counters.families() groups samples by name and adds labels to each", () => {
  const counters = new Counters();
  counters.add("dropped_total", { class: "frame", reason: "age" }, 2);
  counters.set("grpc_streams", 3);
  counters.add("dropped_total", { class: "frame", reason: "busy" });
  counters.histogram("publication_latency_seconds", { topic: "frame" }).observe(0.3);
  counters.histogram("publication_latency_seconds", { topic: "frame" }).observe(0.1);
  const [dropped, streams, latency] = counters.families({ device: "ward" });
  assert.deepEqual(dropped, {
    name: "dropped_total",
    samples: [
      { labels: { device: "ward", class: "frame", reason: "age" }, value: 2 },
      { labels: { device: "ward", class: "frame", reason: "busy" }, value: 1 },
    ],
  });
  assert.deepEqual(streams, {
    name: "grpc_streams",
    samples: [{ labels: { device: "ward" }, value: 3 }],
  });
  assert.equal(latency?.name, "publication_latency_seconds");
  assert.deepEqual(latency.samples.at(-1), {
    labels: { device: "ward", topic: "frame" },
    value: 2,
    part: "count",
  });
});
