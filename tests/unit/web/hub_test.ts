import assert from "node:assert/strict";
import fc from "fast-check";
import { epochUs } from "../../../src/base/time.ts";
import type { DeviceMessage } from "../../../src/web/device_message.ts";
import { Hub, type HubOptions } from "../../../src/web/hub.ts";
import { fakeImage, FakeViewer } from "../../support/fake_frames.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";

const MAX_DEVICES = 256;
const status = (hub: Hub, device: string) =>
  hub.publishEnvelope(device, { topic: "status", envelope: fakeStatus(1) });

/** A hub with a clock, and everything that a subscriber receives. */
function open(options: HubOptions = {}) {
  const clock = { ms: 0 };
  const hub = new Hub({ nowMs: () => clock.ms, ...options });
  const messages: DeviceMessage[] = [];
  const replayed: DeviceMessage[] = [];
  const notices: unknown[] = [];
  const leave = hub.subscribe({
    takeMessage: (message) => messages.push(message),
    takeReplayed: (message) => replayed.push(message),
    takeNotice: (notice) => notices.push(notice),
  });
  return { hub, clock, messages, replayed, notices, leave };
}

Deno.test("Hub accepts any content under any name, and limits the number of devices", () => {
  const { hub, messages } = open();
  const topic = fc.constantFrom(
    "core_metrics" as const,
    "edge_metrics" as const,
    "status" as const,
  );
  const envelope = fc.oneof(
    fc.jsonValue(),
    fc.record({ type: topic, timestamp: fc.jsonValue(), payload: fc.jsonValue() }),
  );
  fc.assert(fc.property(fc.string(), topic, envelope, (device, topic, envelope) => {
    hub.publishEnvelope(device, { topic, envelope });
    const jpeg = new TextEncoder().encode(device);
    hub.publishFrame(device, { ...fakeImage(1), jpeg });
  }));
  for (const { text } of messages) JSON.parse(text);
  assert(hub.devices.length <= MAX_DEVICES);
});

Deno.test("Hub sends whole envelopes with the device as their fourth key", () => {
  const { hub, messages, leave } = open();
  const [core, edge] = fakeMetrics(4);
  hub.publishEnvelope("a", { topic: "core_metrics", envelope: core });
  hub.publishEnvelope("a", { topic: "edge_metrics", envelope: edge });
  assert.deepEqual(messages.map(({ text }) => text), [
    JSON.stringify({ ...core, device: "a" }),
    JSON.stringify({ ...edge, device: "a" }),
  ]);
  leave();
  status(hub, "a");
  assert.equal(messages.length, 2);
});

Deno.test("Hub sends no replayed message as a present one, except the last recording state", () => {
  for (const topic of ["core_metrics", "edge_metrics", "status", "recording_state"] as const) {
    for (const isReplayed of [true, false]) {
      const { hub, messages, replayed } = open();
      const metadata = isReplayed ? { sequence: 1, replayed: true } : { sequence: 1 };
      const envelope = { type: topic, timestamp: 1, payload: { metadata } };
      hub.publishEnvelope("a", { topic, envelope });
      status(hub, "a");
      hub.publishEnvelope("a", { topic, envelope });
      const isPresent = topic === "recording_state" || !isReplayed;
      const seen = [messages.length - 1, replayed.length];
      assert.deepEqual(seen, isPresent ? [2, 0] : [0, 1], `${topic} ${isReplayed}`);
    }
  }
});

Deno.test("Hub.snapshot() has metrics of the last 3 s, and the state at any age", () => {
  for (const [ageMs, expected] of [[2900, 4], [3100, 2]] as const) {
    const { hub, clock } = open();
    const [core, edge] = fakeMetrics(4);
    hub.publishEnvelope("a", { topic: "core_metrics", envelope: core });
    hub.publishEnvelope("a", { topic: "edge_metrics", envelope: edge });
    hub.publishEnvelope("a", { topic: "recording_state", envelope: fakeRecordingState(1) });
    status(hub, "a");
    clock.ms += ageMs;
    assert.equal(hub.snapshot("a").length, expected, `${ageMs} ms`);
    assert.equal(hub.silentS("a"), ageMs / 1000);
  }
  assert.deepEqual(open().hub.snapshot("unknown"), []);
});

Deno.test("Hub reports a device that is heard after 5 s of silence", () => {
  const { hub, clock, notices } = open();
  status(hub, "a");
  clock.ms += 4900;
  assert.equal(hub.isSilent("a"), false);
  status(hub, "a");
  assert.deepEqual(notices, []);
  clock.ms += 5000;
  assert.equal(hub.isSilent("a"), true);
  hub.publishFrame("a", fakeImage(1));
  assert.equal(hub.isSilent("a"), false);
  assert.deepEqual(notices, [{ type: "heard", device: "a", ago_ms: 0 }]);
  assert.equal(hub.isSilent("unknown"), true);
});

Deno.test("Hub.dismiss() removes a silent device until it is heard again", () => {
  const { hub, clock, notices } = open();
  status(hub, "a");
  assert.equal(hub.dismiss("unknown"), "unknown");
  assert.equal(hub.dismiss("a"), "heard");
  clock.ms += 5000;
  assert.equal(hub.dismiss("a"), "dismissed");
  assert.deepEqual([hub.devices, notices], [[], [{ type: "gone", device: "a" }]]);
  status(hub, "a");
  assert.deepEqual(hub.devices, ["a"]);
});

Deno.test("Hub reports a change of the connection once", () => {
  const { hub, notices } = open();
  for (const connected of [true, false, false, true]) hub.setConnected(connected);
  assert.deepEqual(notices, [
    { type: "connection", connected: false },
    { type: "connection", connected: true },
  ]);
});

Deno.test("Hub replaces a device only after it has been silent for a minute", () => {
  const { hub, clock, notices } = open();
  for (let number = 0; number < MAX_DEVICES; number++) status(hub, `d${number}`);
  clock.ms = 54_000;
  status(hub, "new");
  assert.equal(hub.has("new"), false);
  status(hub, "d0");
  clock.ms = 66_000;
  status(hub, "new");
  assert.deepEqual(["d0", "d1", "d2", "new"].map((name) => hub.has(name)), [
    true,
    false,
    true,
    true,
  ]);
  assert.deepEqual(notices.at(-1), { type: "gone", device: "d1" });
});

Deno.test("Hub.keepAlive() reports how many devices have no place, when that changes", () => {
  const { hub, clock, notices } = open();
  for (let number = 0; number < MAX_DEVICES + 6; number++) status(hub, `d${number}`);
  const alive = { type: "alive" };
  for (let round = 0; round < 2; round++) hub.keepAlive();
  assert.deepEqual(notices.splice(0), [{ type: "hidden", count: 6 }, alive, alive]);
  clock.ms += 61_000;
  hub.keepAlive();
  assert.deepEqual(notices, [{ type: "hidden", count: 0 }, alive]);
});

Deno.test("Hub ignores what is no envelope of its topic, and what is no JPEG", () => {
  const { hub } = open();
  const good = { type: "status", timestamp: 1, payload: {} };
  const bad = [
    undefined,
    null,
    5,
    [],
    {},
    { ...good, type: "core_metrics" },
    { ...good, timestamp: "1" },
    { ...good, timestamp: Infinity },
    { ...good, payload: null },
    { ...good, payload: [] },
    { ...good, payload: "x" },
  ];
  for (const envelope of bad) hub.publishEnvelope("a", { topic: "status", envelope });
  for (const bytes of [[], [0xff], [0xff, 0xd9], [0xd8, 0xff]]) {
    hub.publishFrame("a", { ...fakeImage(1), jpeg: Uint8Array.from(bytes) });
  }
  assert.deepEqual(hub.devices, []);
  hub.publishEnvelope("a", { topic: "status", envelope: good });
  hub.publishFrame("b", fakeImage(1));
  assert.deepEqual(hub.devices, ["a", "b"]);
});

Deno.test("Hub passes frames to viewers, and reports the demand for them", () => {
  const demands: string[] = [];
  const { hub, clock } = open({
    onFrameDemand: (device, demand) => demands.push(`${device} ${demand}`),
  });
  const viewer = new FakeViewer({ a: "live" });
  hub.frames.add(viewer);
  status(hub, "a");
  hub.publishFrame("a", { ...fakeImage(3), timestamp: epochUs(5) });
  clock.ms += 5000;
  hub.dismiss("a");
  assert.deepEqual(viewer.frames, ["a 3"]);
  assert.deepEqual(demands, ["a live", "a none"]);
});

Deno.test("Hub.close() ends what was added, and nothing that was removed", () => {
  const { hub } = open();
  const ended: number[] = [];
  hub.onClose(() => ended.push(1));
  hub.onClose(() => ended.push(2))();
  hub.close();
  assert.deepEqual(ended, [1]);
});

Deno.test("Hub.deviceOf() is the named device, or the only one", () => {
  const hub = new Hub();
  const add = (device: string) =>
    hub.publishEnvelope(device, { topic: "status", envelope: fakeStatus(1) });
  assert.equal(hub.deviceOf(null), undefined);
  add("bed-1");
  assert.equal(hub.deviceOf(null), "bed-1");
  assert.equal(hub.deviceOf("bed-2"), undefined);
  add("bed-2");
  assert.equal(hub.deviceOf("bed-2"), "bed-2");
  assert.equal(hub.deviceOf(null), undefined, "one of two");
});
