import assert from "node:assert/strict";
import fc from "fast-check";
import { Hub, MAX_SUBSCRIBERS } from "../../../src/web/hub.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../support/fake_stream.ts";
import { waitFor } from "../../support/wait.ts";

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

/** Reads the events of a hub from now on: those after the snapshot. */
function eventsOf(hub: Hub) {
  const reader = hub.events()!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (end: string) => {
    while (!text.includes(end)) text += (await reader.read()).value;
    const before = text;
    text = "";
    return before;
  };
  return {
    /** The text up to a keep-alive, which is sent now. */
    all: () => {
      hub.keepAlive();
      return read(": alive\n\n");
    },
    cancel: () => reader.cancel(),
  };
}

Deno.test("Hub begins its events with a retry, the connection, and each device", async () => {
  let nowMs = 100_000;
  const hub = new Hub({ nowMs: () => nowMs });
  status(hub, "a");
  hub.setConnected(false);
  nowMs += 1234.5;
  const events = eventsOf(hub);
  const [retry, connection, state, heard, alive, end] = (await events.all()).split("\n\n");
  assert.equal(retry, "retry: 1000");
  assert.equal(connection, 'data: {"type":"connection","connected":false}');
  assert.match(state ?? "", /^data: \{"type":"status","device":"a","timestamp":\d+,"payload":/);
  assert.equal(heard, 'data: {"type":"heard","device":"a","ago_ms":1235}');
  assert.deepEqual([alive, end], [": alive", ""]);
  await events.cancel();
  await waitFor("the cancellation", () => hub.subscribers === 0);
});

Deno.test("Hub sends a change of the connection once", async () => {
  const hub = new Hub();
  const events = eventsOf(hub);
  await events.all();
  for (const connected of [true, false, false, true]) hub.setConnected(connected);
  const changes = [...(await events.all()).matchAll(/"connected":(true|false)/g)];
  assert.deepEqual(changes.map(([, connected]) => connected), ["false", "true"]);
  await events.cancel();
});

Deno.test("Hub sends a new subscriber metrics of the last 3 s, and the state at any age", async () => {
  for (const [ageMs, sent] of [[2900, true], [3100, false]] as const) {
    let nowMs = 100_000;
    const hub = new Hub({ nowMs: () => nowMs });
    const [core, edge] = fakeMetrics(4);
    hub.publishEnvelope("a", { topic: "core_metrics", envelope: core });
    hub.publishEnvelope("a", { topic: "edge_metrics", envelope: edge });
    hub.publishEnvelope("a", { topic: "recording_state", envelope: fakeRecordingState(1) });
    status(hub, "a");
    nowMs += ageMs;
    const events = eventsOf(hub);
    const text = await events.all();
    for (
      const [topic, expected] of [
        ["core_metrics", sent],
        ["edge_metrics", sent],
        ["recording_state", true],
        ["status", true],
      ] as const
    ) {
      assert.equal(text.includes(`"type":"${topic}"`), expected, `${topic} after ${ageMs} ms`);
    }
    await events.cancel();
  }
});

Deno.test("Hub sends whole envelopes, but of edge metrics only the signal", async () => {
  const hub = new Hub();
  const events = eventsOf(hub);
  await events.all();
  const [core, edge] = fakeMetrics(4);
  hub.publishEnvelope("a", { topic: "core_metrics", envelope: core });
  hub.publishEnvelope("a", { topic: "edge_metrics", envelope: edge });
  const sent = [...(await events.all()).matchAll(/^data: (.*)$/gm)].map(([, text]) =>
    JSON.parse(text!)
  );
  assert.deepEqual(sent, [
    { type: "core_metrics", device: "a", timestamp: core!.timestamp, payload: core!.payload },
    {
      type: "edge_metrics",
      device: "a",
      timestamp: edge!.timestamp,
      payload: { signal: (edge!.payload as { signal: unknown }).signal },
    },
  ]);
  await events.cancel();
});

Deno.test("Hub ignores what is no envelope of its topic, and what is no JPEG", () => {
  const hub = new Hub();
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
    hub.publishFrame("a", Uint8Array.from(bytes));
  }
  assert.deepEqual(hub.devices, []);
  hub.publishEnvelope("a", { topic: "status", envelope: good });
  hub.publishFrame("b", Uint8Array.of(0xff, 0xd8));
  assert.deepEqual(hub.devices, ["a", "b"]);
});

Deno.test("Hub ignores an event of more than 256 Ki characters", () => {
  const hub = new Hub();
  const publish = (device: string, characters: number) =>
    hub.publishEnvelope(device, {
      topic: "status",
      envelope: { type: "status", timestamp: 1, payload: { text: "x".repeat(characters) } },
    });
  publish("small", 235_000);
  publish("large", 290_000);
  assert.deepEqual(hub.devices, ["small"]);
});

Deno.test("Hub replaces only a device that was silent for a minute and whose video is not shown", async () => {
  let nowMs = 0;
  const hub = new Hub({ nowMs: () => nowMs });
  for (let number = 0; number < 64; number++) status(hub, `d${number}`);
  const video = hub.video("d0")!;
  const events = eventsOf(hub);
  await events.all();
  nowMs = 54_000;
  status(hub, "new");
  assert.equal(hub.has("new"), false);
  status(hub, "d1");
  nowMs = 66_000;
  status(hub, "new");
  assert.deepEqual(["d0", "d1", "d2", "d3", "new"].map((name) => hub.has(name)), [
    true,
    true,
    false,
    true,
    true,
  ]);
  assert.match(await events.all(), /"type":"gone","device":"d2"/);
  await events.cancel();
  await video.cancel();
});

Deno.test("Hub disconnects a subscriber after some hundred events that it did not read", () => {
  for (const [events, remaining] of [[250, 1], [1000, 0]] as const) {
    const hub = new Hub();
    hub.events();
    for (let count = 0; count < events; count++) status(hub, "a");
    assert.equal(hub.subscribers, remaining, `${events} events`);
  }
});

Deno.test("Hub limits the number of subscribers to a video, and knows which videos are shown", async () => {
  const hub = new Hub();
  status(hub, "a");
  status(hub, "b");
  assert.equal(hub.hasVideoSubscribers("a"), false);
  const videos = Array.from({ length: MAX_SUBSCRIBERS }, () => hub.video("a")!);
  assert.equal(hub.video("a"), undefined);
  assert.deepEqual(["a", "b", "c"].map((name) => hub.hasVideoSubscribers(name)), [
    true,
    false,
    false,
  ]);
  await videos[0]!.cancel();
  assert.ok(hub.video("a"));
});

Deno.test("Hub.close() ends the events and the videos", async () => {
  const hub = new Hub();
  status(hub, "a");
  const streams = [hub.events()!, hub.video("a")!];
  hub.close();
  for (const stream of streams) await new Response(stream).text();
});
