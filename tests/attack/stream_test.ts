import assert from "node:assert/strict";
import { Hub } from "../../src/web/hub.ts";
import { fakeImage } from "../support/fake_frames.ts";
import { fakeMetrics, fakeStatus } from "../support/fake_stream.ts";
import { HeldTimers } from "../support/held_timers.ts";
import { exchange, startPage, TOKEN } from "../support/http_page.ts";
import { writes } from "../support/raw_http2.ts";
import { StreamProbe } from "../support/stream_probe.ts";
import { waitFor } from "../support/wait.ts";

const BEARER = { authorization: `Bearer ${TOKEN}` };
const ALL = { subscribe: ["core_metrics", "status"], live: ["bed-1"] };
const [CORE] = fakeMetrics(4);

async function openPage() {
  const hub = new Hub();
  hub.publishEnvelope("bed-1", { topic: "status", envelope: fakeStatus(1) });
  return { ...await startPage({ hub }), hub };
}

/** The request that opens the stream. */
function handshake(port: number, headers: readonly string[] = []): string {
  return [
    "GET /v1/stream HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
    "\r\n",
  ].join("\r\n");
}

const TOKEN_HEADER = `Authorization: Bearer ${TOKEN}`;

/** A masked frame of a client, with a mask of zeros. */
function clientFrame(opcode: number, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = payload.length < 126
    ? [0x80 | payload.length]
    : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
  return Uint8Array.from([0x80 | opcode, ...length, 0, 0, 0, 0, ...payload]);
}

const OPCODE = { text: 1, ping: 9 } as const;
const text = (content: string) => new TextEncoder().encode(content);

/** Opens the stream on a socket that the test reads itself, or does not. */
async function openRaw(port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(text(handshake(port, [TOKEN_HEADER])));
  let head = "";
  const byte = new Uint8Array(1);
  while (!head.endsWith("\r\n\r\n") && await connection.read(byte)) {
    head += String.fromCharCode(byte[0]!);
  }
  assert.match(head, /^HTTP\/1.1 101 /);
  return connection;
}

for (
  const [what, message, code, reason] of [
    ["no JSON", "{", 1008, /JSON/],
    ["an unknown topic", '{"subscribe":["x"]}', 1008, /topics/],
    ["60,000 levels of JSON", "[".repeat(60_000), 1008, /JSON/],
    ["a text of more than 64 KiB", " ".repeat(70_000), 1009, /^$/],
    ["bytes", new Uint8Array(5), 1008, /text/],
  ] as const
) {
  Deno.test(`StreamServer closes a client that sends ${what}, and serves the others`, async () => {
    await using page = await openPage();
    await using other = await StreamProbe.subscribed(page.url, ALL, { headers: BEARER });
    const probe = new StreamProbe(page.url, { headers: BEARER });
    await probe.opened;
    if (typeof message === "string") probe.send(message);
    else probe.sendBytes(message);
    const closed = await probe.closed;
    assert.equal(closed.code, code);
    assert.match(closed.reason, reason);
    await waitFor("the end of the client", () => page.server.streamClients === 1);
    page.hub.publishEnvelope("bed-1", { topic: "core_metrics", envelope: CORE });
    await other.receives("metrics", ({ type }) => type === "core_metrics");
  });
}

Deno.test("StreamServer closes a client that floods it with subscriptions", async () => {
  await using page = await openPage();
  const probe = new StreamProbe(page.url, { headers: BEARER });
  await probe.opened;
  for (let count = 0; count < 300; count++) probe.send(ALL);
  assert.deepEqual(await probe.closed, { code: 1008, reason: "Too many messages" });
});

Deno.test("StreamServer refuses another site, a wrong token, another Host, another path and no key", async () => {
  await using page = await openPage();
  await using open = await startPage({ token: undefined });
  const { port } = page;
  const token = [TOKEN_HEADER];
  for (
    const [status, request, to] of [
      [403, handshake(port, [...token, "Origin: https://evil.example"])],
      [403, handshake(port, [...token, "Origin: null"])],
      [403, handshake(port, [...token, "Sec-Fetch-Site: cross-site"])],
      [401, handshake(port)],
      [401, handshake(port, ["Authorization: Bearer a guess of the token"])],
      [401, handshake(port).replace(/Host: .*/, "Host: evil.example"), open.port],
      [404, handshake(port, token).replace("/v1/stream", "/v1/other")],
      [400, handshake(port, token).replace(/Sec-WebSocket-Key: .*/, "Sec-WebSocket-Key: x")],
    ] as const
  ) {
    const answer = await exchange(to ?? port, request);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), request);
  }
  assert.equal(page.server.streamClients, 0);
});

Deno.test("StreamServer refuses the 257th client, and accepts one when another has left", async () => {
  await using page = await openPage();
  const clients: Deno.TcpConn[] = [];
  for (let count = 0; count < 256; count++) clients.push(await openRaw(page.port));
  assert.match(await exchange(page.port, handshake(page.port, [TOKEN_HEADER])), /^HTTP\/1.1 503 /);
  clients.pop()!.close();
  await waitFor("room", () => page.server.streamClients === 255);
  clients.push(await openRaw(page.port));
  for (const client of clients) client.close();
  await waitFor("the end of all", () => page.server.streamClients === 0);
});

Deno.test("StreamServer keeps little for a client that never reads, and disconnects it after 30 s", async () => {
  const timers = new HeldTimers();
  await using _real = { [Symbol.asyncDispose]: () => Promise.resolve(timers[Symbol.dispose]()) };
  let nowMs = 0;
  const { now } = performance;
  performance.now = () => nowMs;
  try {
    const page = await openPage();
    using client = await openRaw(page.port);
    await client.write(clientFrame(OPCODE.text, text(JSON.stringify(ALL))));
    await waitFor("the demand", () => page.hub.frames.demand("bed-1") === "live");
    const envelope = { ...CORE, payload: { filler: "x".repeat(20_000) } };
    const before = Deno.memoryUsage().rss;
    for (let round = 0; round < 50; round++) {
      for (let count = 0; count < 40; count++) {
        page.hub.publishFrame("bed-1", fakeImage(count, 100_000));
        page.hub.publishEnvelope("bed-1", { topic: "core_metrics", envelope });
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    // 240 MB were published.
    const grown = Deno.memoryUsage().rss - before;
    assert(grown < 100e6, `${grown} bytes`);
    assert.equal(page.server.streamClients, 1);
    for (let s = 0; s <= 35; s += 5) {
      nowMs += 5000;
      timers.advance(5000);
    }
    await waitFor("the end of the client", () => page.server.streamClients === 0);
    assert.equal(page.hub.frames.demand("bed-1"), "none");
    timers[Symbol.dispose]();
    await page[Symbol.asyncDispose]();
  } finally {
    performance.now = now;
  }
});

Deno.test("StreamServer answers no PING of a client that does not read the answers", async () => {
  await using page = await openPage();
  using client = await openRaw(page.port);
  const ping = clientFrame(OPCODE.ping, new Uint8Array(125));
  const pings = Uint8Array.from(Array(1000).fill([...ping]).flat());
  for (let count = 0; count < 400; count++) await writes(client, pings);
  await writes(client, clientFrame(OPCODE.text, text(JSON.stringify(ALL))));
  // All answers would have 51 MB; the kernel keeps some of them.
  let received = 0;
  const chunk = new Uint8Array(65_536);
  for (let content = ""; !content.includes('"type":"heard"');) {
    const length = await client.read(chunk);
    assert(length !== null);
    received += length;
    content = content.slice(-100) + new TextDecoder("latin1").decode(chunk.subarray(0, length));
  }
  assert(received < 20e6, `${received} bytes of answers`);
});
