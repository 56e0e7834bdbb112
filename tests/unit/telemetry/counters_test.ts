import assert from "node:assert/strict";
import { Counters } from "../../../src/telemetry/counters.ts";

Deno.test("Counters.add() counts by name and labels, in any order of the labels", () => {
  const counters = new Counters();
  assert.equal(counters.get("dropped"), 0);
  counters.add("dropped");
  counters.add("dropped", {}, 4);
  counters.add("dropped", { class: "frame", reason: "age" });
  counters.add("dropped", { reason: "age", class: "frame" }, 2);
  assert.equal(counters.get("dropped"), 5);
  assert.equal(counters.get("dropped", { class: "frame", reason: "age" }), 3);
  assert.equal(counters.get("dropped", { class: "frame" }), 0);
});

Deno.test("Counters.counter() returns the counter itself", () => {
  const counters = new Counters();
  const counter = counters.counter("sent", { a: "b" });
  counter.total += 7;
  assert.equal(counters.counter("sent", { a: "b" }), counter);
  assert.equal(counters.get("sent", { a: "b" }), 7);
});

Deno.test("Counters.set() sets a gauge, which goes up and down", () => {
  const counters = new Counters();
  for (const amount of [3, 8, 2]) {
    counters.set("streams", amount, { a: "b" });
    assert.equal(counters.get("streams", { a: "b" }), amount);
  }
  counters.add("total");
  assert.deepEqual(counters.all(), [
    { name: "streams", labels: { a: "b" }, kind: "gauge", total: 2 },
    { name: "total", labels: {}, kind: "counter", total: 1 },
  ]);
});
