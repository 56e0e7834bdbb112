import assert from "node:assert/strict";
import { reconnectDelayMs, StreamConnection } from "../../../../src/web/page/connection.ts";
import type { ServerMessage } from "../../../../src/web/page/protocol.ts";
import { fixedRandom } from "../../../support/fixed_random.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { settle } from "../../../support/manual_clock.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";
import { waitFor } from "../../../support/wait.ts";

const SUBSCRIPTION = { subscribe: ["status"], devices: ["*"], live: ["a"], stills: [] };

/** A server of the stream that keeps what its clients send. */
function serveStream() {
  const sockets: WebSocket[] = [];
  const received: unknown[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { socket, response } = Deno.upgradeWebSocket(request);
    sockets.push(socket);
    socket.addEventListener("message", ({ data }) => received.push(JSON.parse(data)));
    return response;
  });
  const closed = () =>
    Promise.all(sockets.map((socket) =>
      socket.readyState === WebSocket.CLOSED ||
      new Promise((resolve) => socket.addEventListener("close", resolve))
    ));
  return {
    sockets,
    received,
    url: `ws://127.0.0.1:${server.addr.port}/v1/stream`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.close();
      await closed();
      await server.shutdown();
    },
  };
}

function connect(url: string) {
  const messages: ServerMessage[] = [];
  const frames: [string, number[]][] = [];
  const opens: boolean[] = [];
  const connection = new StreamConnection({
    url,
    onMessage: (message) => messages.push(message),
    onFrame: ({ device }, jpeg) => frames.push([device, [...jpeg]]),
    onOpen: (isOpen) => opens.push(isOpen),
  });
  return {
    connection,
    messages,
    frames,
    opens,
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

Deno.test("StreamConnection subscribes, and passes messages and frames on", async () => {
  await using server = serveStream();
  using client = connect(server.url);
  client.connection.subscribe(SUBSCRIPTION);
  await waitFor("the subscription", () => server.received.length === 1);
  assert.deepEqual(server.received, [SUBSCRIPTION]);
  client.connection.subscribe(SUBSCRIPTION);
  client.connection.subscribe({ ...SUBSCRIPTION, live: [] });
  await waitFor("the second subscription", () => server.received.length === 2);
  const [socket] = server.sockets;
  socket!.send(JSON.stringify({ type: "connection", connected: true }));
  socket!.send(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 9, 0xff)); // a frame without its message
  socket!.send(JSON.stringify({ type: "frame", device: "a", timestamp: 1, payload: {} }));
  socket!.send(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xd8));
  await waitFor("the frame", () => client.frames.length === 1);
  assert.deepEqual(client.frames, [["a", [0xff, 0xd8]]]);
  assert.deepEqual(client.messages, [{ type: "connection", connected: true }]);
});

Deno.test("StreamConnection sends the first and the last of many subscriptions", async () => {
  await using server = serveStream();
  using client = connect(server.url);
  const live = (number: number) => ({ ...SUBSCRIPTION, live: [`bed-${number}`] });
  await waitFor("the connection", () => client.opens.length === 1);
  for (let number = 0; number < 50; number++) client.connection.subscribe(live(number));
  await waitFor("the last", () => server.received.length === 2);
  assert.deepEqual(server.received, [live(0), live(49)]);
});

Deno.test("StreamConnection reconnects and subscribes again", async () => {
  await using server = serveStream();
  using client = connect(server.url);
  client.connection.subscribe(SUBSCRIPTION);
  await waitFor("the subscription", () => server.received.length === 1);
  server.sockets[0]!.close();
  await waitFor("the second subscription", () => server.received.length === 2);
  assert.deepEqual(client.opens, [true, false, true]);
});

Deno.test("StreamConnection closes a connection that is silent for 12 s, and opens another", async () => {
  using timers = new HeldTimers();
  using time = new ManualPerformance();
  using _random = fixedRandom(0.5);
  await using server = serveStream();
  using client = connect(server.url);
  await waitFor("the connection", () => client.opens.length === 1);
  time.advance(11_000);
  timers.advance(1000);
  server.sockets[0]!.send(JSON.stringify({ type: "alive" }));
  await waitFor("a sign of life", () => client.messages.length === 1);
  time.advance(11_000);
  timers.advance(1000);
  assert.deepEqual(client.opens, [true]);
  time.advance(1500);
  timers.advance(999);
  assert.deepEqual(client.opens, [true]);
  timers.advance(1);
  assert.deepEqual(client.opens, [true, false]);
  await waitFor("the end", () => server.sockets[0]!.readyState === WebSocket.CLOSED);
  timers.advance(499);
  await settle();
  assert.equal(server.sockets.length, 1);
  timers.advance(1);
  await waitFor("the next connection", () => client.opens.length === 3);
  assert.deepEqual(client.opens, [true, false, true]);
});

Deno.test("reconnectDelayMs() doubles up to 10 s, and is spread", () => {
  assert.deepEqual([0, 1, 2, 9].map((attempt) => reconnectDelayMs(attempt, 0.5)), [
    500,
    1000,
    2000,
    10_000,
  ]);
  assert.deepEqual([0, 1].map((random) => reconnectDelayMs(0, random)), [375, 625]);
});
