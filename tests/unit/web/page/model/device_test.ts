import assert from "node:assert/strict";
import { epochUs } from "../../../../../src/base/time.ts";
import { Device, type DeviceView } from "../../../../../src/web/page/model/device.ts";
import type { EnvelopeMessage } from "../../../../../src/web/page/protocol.ts";

const message = (type: string, payload: unknown, atMs = 0) =>
  ({ type, timestamp: epochUs(atMs * 1000), payload, device: "bed-1" }) as EnvelopeMessage;

const metrics = (atMs = 0, boot = "a") =>
  message("core_metrics", {
    pulse: { strict: { value: 72.4, confidence: 0.96 } },
    withheld: { breathing: "motion" },
    metadata: { boot_id: boot, frame_count: atMs * 0.03, latency_ms: 14 },
  }, atMs);

Deno.test("Device is simulated while its newest metrics are marked", () => {
  const device = new Device("bed-1");
  const isSimulated = (mark: unknown) => {
    device.take(message("core_metrics", { metadata: { boot_id: "a", simulated: mark } }), 0);
    return device.view(0).simulated;
  };
  assert.deepEqual([undefined, true, "true", false].map(isSimulated), [false, true, false, false]);
});

Deno.test("Device shows values, the reason of a missing one, and the frame rate", () => {
  const device = new Device("bed-1");
  for (let atMs = 0; atMs <= 4000; atMs += 200) device.take(metrics(atMs), atMs);
  const { pulse, breathing, fps, latencyMs, stale, silent } = device.view(4100);
  assert.deepEqual(pulse, { value: 72.4, confidence: 0.96 });
  assert.deepEqual(breathing, { withheld: "motion" });
  assert.equal(Math.round(fps!), 30);
  assert.deepEqual([latencyMs, stale, silent], [14, false, false]);
});

Deno.test("Device shows no value that is older than 3 s, and is silent then", () => {
  const device = new Device("bed-1");
  device.take(metrics(), 0);
  const states = [2900, 3100].map((nowMs) => device.view(nowMs)).map(
    ({ pulse, stale, silent }: DeviceView) => [pulse.value, stale, silent],
  );
  assert.deepEqual(states, [[72.4, false, false], [undefined, true, true]]);
});

Deno.test("Device that only sends its status is silent after 8 s, or 3 s without a connection", () => {
  const device = new Device("bed-1");
  device.take(message("status", { name: "NO_FACES_FOUND", recording: false }), 0);
  assert.equal(device.view(7000).silent, false);
  assert.equal(device.view(9000).silent, true);
  assert.equal(device.view(4000, { isConnected: false }).silent, true);
});

Deno.test("Device keeps the age that the server sent for a state of long ago", () => {
  const device = new Device("bed-1");
  device.take(metrics(), 1000);
  device.setHeard(60_000, 1000);
  const { silent, agoMs, pulse } = device.view(1000);
  assert.deepEqual([silent, agoMs, pulse], [true, 60_000, {}]);
});

Deno.test("Device shows no value of two servers that publish under one name", () => {
  const device = new Device("bed-1");
  device.take(metrics(0, "a"), 0);
  device.take(metrics(100, "b"), 100);
  assert.deepEqual([device.view(200).duplicate, device.view(200).pulse], [true, {}]);
  assert.equal(device.view(1050).duplicate, false, "the first server has gone");
});

Deno.test("Device takes the recording from the status and from the recording state", () => {
  const device = new Device("bed-1");
  assert.equal(device.view(0).recording, undefined);
  device.take(message("status", { name: "OK", recording: true, session_id: "s" }), 0);
  assert.deepEqual([device.view(0).recording, device.view(0).session], [true, "s"]);
  device.take(message("recording_state", { recording: false }), 0);
  assert.deepEqual([device.view(0).recording, device.view(0).session], [false, undefined]);
});

Deno.test("Device ignores values that no device would send", () => {
  const device = new Device("bed-1");
  for (const payload of [{ pulse: null }, { pulse: { strict: "high", trace: 3 } }, { pulse: 1 }]) {
    device.take(message("core_metrics", payload), 0);
    assert.deepEqual(device.view(0).pulse, { withheld: "low_quality" });
  }
  device.take(message("status", { name: 3, recording: "yes" }), 0);
  assert.deepEqual([device.view(0).status, device.view(0).recording], [undefined, undefined]);
});
