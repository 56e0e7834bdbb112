import assert from "node:assert/strict";
import { topicsOf } from "../../../../src/transports/mqtt/topics.ts";

Deno.test("topicsOf() returns the documented topics of a device", () => {
  const topics = topicsOf({ prefix: "ward/3", device: "bed-7", discoveryPrefix: "ha" });
  assert.equal(topics.envelope("core_metrics"), "ward/3/bed-7/core_metrics");
  assert.deepEqual({ ...topics, envelope: undefined }, {
    envelope: undefined,
    state: "ward/3/bed-7/state",
    picture: "ward/3/bed-7/picture",
    availability: "ward/3/bed-7/availability",
    recordingSet: "ward/3/bed-7/recording/set",
    discovery: { config: "ha/device/bed-7/config", birth: "ha/status" },
  });
});

Deno.test("topicsOf() has no discovery with an empty prefix", () => {
  const topics = topicsOf({ prefix: "physiology", device: "bed-7", discoveryPrefix: "" });
  assert.equal(topics.discovery, undefined);
});
