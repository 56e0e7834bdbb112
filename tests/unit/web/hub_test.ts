import assert from "node:assert/strict";
import fc from "fast-check";
import { Hub, MAX_VIEWERS } from "../../../src/web/hub.ts";
import { fakeMetrics, fakeStatus } from "../../support/fake_stream.ts";

const status = (hub: Hub, device: string) =>
  hub.takeEnvelope(device, { topic: "status", envelope: fakeStatus(1) });

Deno.test("nothing that is published under any name disturbs the hub", () => {
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
    hub.takeEnvelope(device, { topic, envelope });
    hub.takeFrame(device, new TextEncoder().encode(device));
  }));
  assert(hub.devices.length <= 64);
});

Deno.test("a device that was silent for long makes room for another, and no sooner", () => {
  let nowMs = 0;
  const hub = new Hub({ nowMs: () => nowMs });
  for (let number = 0; number < 70; number++) status(hub, `d${number}`);
  assert.equal(hub.devices.length, 64);
  assert(!hub.has("d69"));
  nowMs = 61_000;
  status(hub, "d69");
  assert(hub.has("d69") && !hub.has("d0"));
});

Deno.test("a browser that comes is told how old things are, and no measurement of before", async () => {
  let nowMs = 0;
  const hub = new Hub({ nowMs: () => nowMs });
  const [core] = fakeMetrics(4);
  hub.takeEnvelope("a", { topic: "core_metrics", envelope: core });
  status(hub, "a");
  const told = async () => {
    const reader = hub.events()!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes('"heard"')) text += (await reader.read()).value;
    return text;
  };
  assert.match(await told(), /core_metrics/);
  nowMs = 5000;
  const late = await told();
  assert.doesNotMatch(late, /core_metrics/);
  assert.match(late, /"type":"status"/);
  assert.match(late, /"type":"heard","device":"a","ago_ms":5000/);
});

Deno.test("a browser that takes nothing is let go, and holds no memory for ever", async () => {
  const hub = new Hub();
  const stream = hub.events()!;
  for (let turn = 0; turn < 2000; turn++) status(hub, "a");
  assert.equal(hub.viewers, 0);
  let events = 0;
  for await (const _ of stream) events++;
  assert(events < 1000);
});

Deno.test("there is an end to the browsers that are served", () => {
  const hub = new Hub();
  for (let viewer = 0; viewer < MAX_VIEWERS; viewer++) assert(hub.events());
  assert.equal(hub.events(), undefined);
  hub.close();
  assert.equal(hub.viewers, 0);
});

Deno.test("a slow watcher gets the newest picture, and the hub says when watching begins and ends", async () => {
  const watched: boolean[] = [];
  const hub = new Hub({ onWatch: (_device, on) => watched.push(on) });
  status(hub, "a");
  const picture = (number: number) => Uint8Array.of(0xff, 0xd8, number);
  const reader = hub.video("a")!.getReader();
  const second = hub.video("a")!;
  await reader.read(); // the first boundary
  for (let number = 1; number <= 9; number++) hub.takeFrame("a", picture(number));
  const seen: number[] = [];
  while (seen.at(-1) !== 9) {
    const { value } = await reader.read();
    seen.push(value![value!.indexOf(0xd8) + 1]!);
  }
  assert(seen.length <= 2, `saw ${seen}`);
  await reader.cancel();
  assert.deepEqual(watched, [true]);
  await second.cancel();
  assert.deepEqual(watched, [true, false]);
  assert.equal(hub.video("no such"), undefined);
});
