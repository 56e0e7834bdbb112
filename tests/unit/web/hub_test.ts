import assert from "node:assert/strict";
import fc from "fast-check";
import { Hub, MAX_SUBSCRIBERS } from "../../../src/web/hub.ts";
import { fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";

const status = (hub: Hub, device: string) =>
  hub.publishEnvelope(device, { topic: "status", envelope: fakeStatus(1) });

Deno.test("Hub accepts any content under any name, and limits the number of devices", () => {
  const hub = new Hub();
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
    hub.publishFrame(device, new TextEncoder().encode(device));
  }));
  assert(hub.devices.length <= 64);
});

Deno.test("Hub replaces a device only after it has been silent for a minute", () => {
  let nowMs = 0;
  const hub = new Hub({ nowMs: () => nowMs });
  for (let number = 0; number < 70; number++) status(hub, `d${number}`);
  assert.equal(hub.devices.length, 64);
  assert(!hub.has("d69"));
  nowMs = 61_000;
  status(hub, "d69");
  assert(hub.has("d69") && !hub.has("d0"));
});

Deno.test("Hub sends a new subscriber the age of each device, and no outdated metrics", async () => {
  let nowMs = 0;
  const hub = new Hub({ nowMs: () => nowMs });
  const [core] = fakeMetrics(4);
  hub.publishEnvelope("a", { topic: "core_metrics", envelope: core });
  status(hub, "a");
  const snapshot = async () => {
    const reader = hub.events()!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes('"heard"')) text += (await reader.read()).value;
    return text;
  };
  assert.match(await snapshot(), /core_metrics/);
  nowMs = 5000;
  const late = await snapshot();
  assert.doesNotMatch(late, /core_metrics/);
  assert.match(late, /"type":"status"/);
  assert.match(late, /"type":"heard","device":"a","ago_ms":5000/);
});

Deno.test("Hub sends no replayed message as a present one, except the last recording state", async () => {
  for (const topic of ["core_metrics", "edge_metrics", "status", "recording_state"] as const) {
    for (const replayed of [true, false]) {
      const hub = new Hub();
      status(hub, "a");
      const reader = hub.events()!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      const read = async (end: string) => {
        while (!text.includes(end)) text += (await reader.read()).value;
      };
      await read('"heard"');
      text = "";
      const metadata = replayed ? { sequence: 1, replayed } : { sequence: 1 };
      const envelope = { type: topic, timestamp: 1, payload: { marker: 1, signal: {}, metadata } };
      hub.publishEnvelope("a", { topic, envelope });
      hub.publishEnvelope("end", { topic: "status", envelope: fakeStatus(2) });
      await read('"device":"end"');
      const expected = topic === "recording_state" || !replayed;
      assert.equal(
        text.includes(`"type":"${topic}","device":"a"`),
        expected,
        `${topic} ${replayed}`,
      );
      await reader.cancel();
    }
  }
});

Deno.test("Hub disconnects a subscriber that does not read, and frees its queue", async () => {
  const hub = new Hub();
  const stream = hub.events()!;
  for (let count = 0; count < 2000; count++) status(hub, "a");
  assert.equal(hub.subscribers, 0);
  let events = 0;
  for await (const _ of stream) events++;
  assert(events < 1000);
});

Deno.test("Hub limits the number of subscribers", () => {
  const hub = new Hub();
  for (let count = 0; count < MAX_SUBSCRIBERS; count++) assert(hub.events());
  assert.equal(hub.events(), undefined);
  hub.close();
  assert.equal(hub.subscribers, 0);
});

Deno.test("Hub sends a slow video subscriber the newest image, and reports the first and last subscriber", async () => {
  const subscribed: boolean[] = [];
  const hub = new Hub({ onVideoSubscribed: (_device, on) => subscribed.push(on) });
  status(hub, "a");
  const jpeg = (number: number) => Uint8Array.of(0xff, 0xd8, number);
  const reader = hub.video("a")!.getReader();
  const second = hub.video("a")!;
  await reader.read(); // the first boundary
  for (let number = 1; number <= 9; number++) hub.publishFrame("a", jpeg(number));
  const seen: number[] = [];
  while (seen.at(-1) !== 9) {
    const { value } = await reader.read();
    seen.push(value![value!.indexOf(0xd8) + 1]!);
  }
  assert(seen.length <= 2, `saw ${seen}`);
  await reader.cancel();
  assert.deepEqual(subscribed, [true]);
  await second.cancel();
  assert.deepEqual(subscribed, [true, false]);
  assert.equal(hub.video("no such"), undefined);
});
