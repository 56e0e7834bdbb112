import assert from "node:assert/strict";
import fc from "fast-check";
import {
  frameDemandOf,
  includesDevice,
  parseSubscription,
} from "../../../../src/web/stream/subscription.ts";

function parse(message: unknown) {
  const parsed = parseSubscription(JSON.stringify(message));
  assert(parsed.state === "ok");
  return parsed.subscription;
}

Deno.test("parseSubscription() includes all devices unless the message names some", () => {
  const all = parse({ subscribe: ["status"] });
  assert.deepEqual([[...all.topics], includesDevice(all, "bed-1")], [["status"], true]);
  const some = parse({ subscribe: [], devices: ["bed-?", "lab"] });
  const included = ["bed-1", "bed-12", "lab", "lab2"].map((device) => includesDevice(some, device));
  assert.deepEqual(included, [true, false, true, false]);
});

Deno.test("frameDemandOf() prefers live to stills, and takes frame as live for all devices", () => {
  const named = parse({ subscribe: ["status"], live: ["a"], stills: ["a", "b"] });
  assert.deepEqual(["a", "b", "c"].map((device) => frameDemandOf(named, device)), [
    "live",
    "stills",
    "none",
  ]);
  const framed = parse({ subscribe: ["frame"], devices: ["bed-*"] });
  assert.equal(frameDemandOf(framed, "bed-1"), "live");
  assert.equal(frameDemandOf(framed, "lab"), "none");
});

Deno.test("parseSubscription() rejects what is no subscription, with a short reason", () => {
  const bad = [
    null,
    5,
    [],
    {},
    { subscribe: "status" },
    { subscribe: ["alarms"] },
    { subscribe: ["status"], devices: "x" },
    { subscribe: ["status"], live: [5] },
    { subscribe: ["status"], stills: ["x".repeat(201)] },
    { subscribe: ["status"], devices: Array(257).fill("x") },
  ];
  for (const message of bad) {
    const parsed = parseSubscription(JSON.stringify(message));
    assert(parsed.state === "invalid", JSON.stringify(message));
    assert(parsed.reason.length <= 123, "it fits into a close frame");
  }
});

Deno.test("parseSubscription() throws for no text", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    parseSubscription(text);
  }));
});
