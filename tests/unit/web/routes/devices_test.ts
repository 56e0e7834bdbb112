import assert from "node:assert/strict";
import { Hub } from "../../../../src/web/hub.ts";
import { deviceRoutes } from "../../../../src/web/routes/devices.ts";
import type { Route } from "../../../../src/web/routes/route.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../../support/fake_stream.ts";

function start() {
  const time = { nowMs: 0 };
  const hub = new Hub({ nowMs: () => time.nowMs });
  const call = async (method: Route["method"], query = "") => {
    const route = deviceRoutes(hub).find((each) => each.method === method)!;
    const target = { query: new URLSearchParams(query), rest: "" };
    const response = await route.handle(new Request("http://a/"), target);
    return { status: response.status, body: await response.json() };
  };
  return { time, hub, call };
}

Deno.test("deviceRoutes() list each device with its values, which are up to 3 s old", async () => {
  const { time, hub, call } = start();
  hub.publishEnvelope("bed-1", { topic: "core_metrics", envelope: fakeMetrics(4)[0] });
  hub.publishEnvelope("bed-1", { topic: "status", envelope: fakeStatus(1) });
  hub.publishEnvelope("bed-1", {
    topic: "recording_state",
    envelope: fakeRecordingState(1, "visit-7"),
  });
  hub.publishEnvelope("bed-2", { topic: "core_metrics", envelope: fakeMetrics(0)[0] });
  time.nowMs = 3000.4;
  hub.publishEnvelope("bed-2", { topic: "core_metrics", envelope: fakeMetrics(0)[0] });
  time.nowMs = 3000;
  const first = { device: "bed-1", heard_ago_s: 3, status: "OK", recording: true };
  const listed = await call("GET");
  assert.equal(listed.status, 200);
  assert.deepEqual(listed.body.devices[0], { ...first, pulse: 72.5, breathing: 16.2 });
  assert.deepEqual([listed.body.hidden, listed.body.connected], [0, true]);
  time.nowMs = 3001;
  const { devices: [older, withheld] } = (await call("GET")).body;
  assert.deepEqual(older, { ...first, heard_ago_s: 3.001 });
  assert.deepEqual(withheld, { device: "bed-2", heard_ago_s: 0.001, recording: false });
});

Deno.test("deviceRoutes() dismiss a silent device only", async () => {
  const { time, hub, call } = start();
  hub.publishEnvelope("bed-1", { topic: "status", envelope: fakeStatus(1) });
  assert.equal((await call("DELETE", "device=other")).status, 404);
  assert.equal((await call("DELETE")).status, 404);
  assert.equal((await call("DELETE", "device=bed-1")).status, 409);
  time.nowMs = 5000;
  assert.deepEqual(await call("DELETE", "device=bed-1"), {
    status: 200,
    body: { device: "bed-1" },
  });
  assert.equal(hub.has("bed-1"), false);
});
