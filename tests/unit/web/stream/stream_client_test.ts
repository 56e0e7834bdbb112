import assert from "node:assert/strict";
import { Hub } from "../../../../src/web/hub.ts";
import { StreamClient, type StreamSocket } from "../../../../src/web/stream/stream_client.ts";
import { fakeMetrics, fakeRecordingState, fakeStatus } from "../../../support/fake_stream.ts";

/** A socket that keeps what it is sent, and whose buffer the test sets. */
class FakeSocket implements StreamSocket {
  readonly sent: string[] = [];
  readonly closed: [code: number, reason: string][] = [];
  bufferedAmount = 0;
  pings = 0;
  terminated = 0;

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.sent.push(data);
  }
  close(code: number, reason: string): void {
    this.closed.push([code, reason]);
  }
  ping(): void {
    this.pings++;
  }
  terminate(): void {
    this.terminated++;
  }
}

function start() {
  const time = { nowMs: 0 };
  const hub = new Hub({ nowMs: () => time.nowMs });
  const connect = () => {
    const socket = new FakeSocket();
    const client = new StreamClient({ hub, socket, nowMs: () => time.nowMs });
    return {
      socket,
      client,
      subscribe: (subscription: object) => client.receive(JSON.stringify(subscription)),
      /** The type and the device of each message, and the time of its silence. */
      messages: () =>
        socket.sent.splice(0).map((text) => {
          const { type, device, ago_ms: agoMs, count } = JSON.parse(text);
          return [type, device, agoMs ?? count].filter((each) => each !== undefined).join(" ");
        }),
    };
  };
  return {
    ...{ time, hub, connect },
    status: (device: string) =>
      hub.publishEnvelope(device, { topic: "status", envelope: fakeStatus(1) }),
    core: (device: string) =>
      hub.publishEnvelope(device, { topic: "core_metrics", envelope: fakeMetrics(4)[0] }),
  };
}

Deno.test("StreamClient sends whether the broker is connected, and nothing else before a subscription", () => {
  const { hub, connect, status } = start();
  const { messages } = connect();
  status("bed-1");
  hub.setAlarms([]);
  assert.deepEqual(messages(), ["connection"]);
  hub.setConnected(false);
  assert.deepEqual(messages(), ["connection"]);
});

Deno.test("StreamClient sends the state of what was not subscribed to before", () => {
  const { time, hub, connect, status, core } = start();
  status("bed-1");
  status("bed-2");
  time.nowMs = 1500;
  core("bed-2");
  hub.setAlarms([]);
  const { messages, subscribe } = connect();
  messages();
  time.nowMs = 2000;
  subscribe({ subscribe: ["status"], devices: ["bed-1"] });
  assert.deepEqual(messages(), ["status bed-1", "heard bed-1 2000", "alarms"]);
  subscribe({ subscribe: ["status"], devices: ["bed-1", "bed-2"] });
  assert.deepEqual(messages(), ["status bed-2", "heard bed-2 500"]);
  subscribe({ subscribe: ["status", "core_metrics"], devices: ["bed-1", "bed-2"] });
  assert.deepEqual(messages(), ["core_metrics bed-2", "heard bed-2 500"]);
  subscribe({ subscribe: ["status", "core_metrics"], devices: ["bed-1", "bed-2"] });
  assert.deepEqual(messages(), []);
});

Deno.test("StreamClient sends the messages of its topics and devices only", () => {
  const { hub, connect, status, core } = start();
  const { messages, subscribe } = connect();
  subscribe({ subscribe: ["status"], devices: ["bed-1"] });
  messages();
  status("bed-1");
  status("bed-2");
  core("bed-1");
  hub.publishEnvelope("bed-1", { topic: "recording_state", envelope: fakeRecordingState(1) });
  assert.deepEqual(messages(), ["status bed-1"]);
});

Deno.test("StreamClient sends notices of its devices only, and all others", () => {
  const { time, hub, connect, status } = start();
  for (const device of ["bed-1", "bed-2"]) status(device);
  const { messages, subscribe } = connect();
  subscribe({ subscribe: [], devices: ["bed-1"] });
  messages();
  time.nowMs = 6000;
  hub.dismiss("bed-2");
  hub.dismiss("bed-1");
  hub.setAlarms([]);
  assert.deepEqual(messages(), ["gone bed-1", "alarms"]);
});

Deno.test("StreamClient sends how many devices are hidden, if there are any", () => {
  const { hub, connect, status } = start();
  for (let n = 0; n < 258; n++) status(`d${n}`);
  assert.equal(hub.hidden, 2);
  const { messages, subscribe } = connect();
  subscribe({ subscribe: [], devices: ["d0"] });
  assert.deepEqual(messages(), ["connection", "heard d0 0", "hidden 2"]);
});

Deno.test("StreamClient closes a client that sends no subscription, or too many messages", () => {
  const { connect } = start();
  for (const text of [undefined, "{", '{"subscribe":["other"]}']) {
    const { client, socket } = connect();
    client.receive(text);
    assert.equal(socket.closed.length, 1, text ?? "no text");
    assert.equal(socket.closed[0]![0], 1008);
  }
  const { client, socket, subscribe } = connect();
  for (let n = 0; n < 50; n++) subscribe({ subscribe: [] });
  assert.deepEqual(socket.closed, []);
  client.receive(JSON.stringify({ subscribe: [] }));
  assert.deepEqual(socket.closed, [[1008, "Too many messages"]]);
});

Deno.test("StreamClient disconnects a client without a sign of life for 30 s", () => {
  const { time, hub, connect } = start();
  const silent = connect(), answering = connect(), talking = connect();
  time.nowMs = 20_000;
  answering.client.onPong();
  talking.subscribe({ subscribe: [] });
  time.nowMs = 30_000;
  hub.keepAlive();
  assert.deepEqual([silent.socket.pings, silent.socket.terminated], [1, 0]);
  time.nowMs = 30_001;
  hub.keepAlive();
  assert.deepEqual(
    [silent, answering, talking].map(({ socket }) => [socket.pings, socket.terminated]),
    [
      [1, 1],
      [2, 0],
      [2, 0],
    ],
  );
});

Deno.test("StreamClient closes its socket when the hub ends, and leaves the hub at its end", () => {
  const { hub, connect, status } = start();
  const ended = connect();
  ended.subscribe({ subscribe: ["status"] });
  ended.client.end();
  ended.messages();
  status("bed-1");
  assert.deepEqual(ended.messages(), []);
  const open = connect();
  hub.close();
  assert.deepEqual(open.socket.closed, [[1001, "The server ends"]]);
  assert.deepEqual(ended.socket.closed, []);
});

Deno.test("StreamClient asks for the frames of its subscription until its end", () => {
  const { hub, connect, status } = start();
  status("bed-1");
  const { client, subscribe } = connect();
  assert.equal(hub.frames.demand("bed-1"), "none");
  subscribe({ subscribe: [], live: ["bed-1"] });
  assert.equal(client.frameDemand("bed-1"), "live");
  assert.equal(hub.frames.demand("bed-1"), "live");
  client.end();
  assert.equal(hub.frames.demand("bed-1"), "none");
});
