import assert from "node:assert/strict";
import fc from "fast-check";
import { Hub } from "../../../../src/web/hub.ts";
import { HttpServer } from "../../../../src/web/http_server.ts";
import { silentLog } from "../../../../src/telemetry/log.ts";
import { fakeStatus } from "../../../support/fake_stream.ts";
import { readToEnd, writes } from "../../../support/raw_http2.ts";

const METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "X"];
const PATHS = [
  "/",
  "/v1/stream",
  "/v1/devices?device=a",
  "/v1/recording",
  "/v1/page",
  "/video?device=a",
  "/api/recording",
  "/login",
  "/healthz",
  "/../../etc/passwd",
  "/%2e%2e/%00",
  "//",
  "*",
  "http://other/",
];

const request = fc.record({
  method: fc.constantFrom(...METHODS),
  path: fc.oneof(fc.constantFrom(...PATHS), fc.webPath()),
  headers: fc.array(fc.constantFrom(
    "Host: localhost",
    "Content-Type: application/json",
    "Content-Length: 5",
    "Content-Length: 99999999999",
    "Transfer-Encoding: chunked",
    "Cookie: physiology_0=" + "a".repeat(64),
    "Origin: null",
    "Upgrade: h2c",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "X: " + "y".repeat(9000),
  )),
  body: fc.oneof(fc.string(), fc.json(), fc.constant('{"device":"a","recording":true}')),
}).map(({ method, path, headers, body }) =>
  new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${body}`)
);

Deno.test("HttpServer survives any bytes on its sockets", async () => {
  const hub = new Hub();
  const commands: string[] = [];
  await using server = new HttpServer({
    address: "127.0.0.1",
    port: 0,
    hub,
    log: silentLog,
    onCommand: (device) => commands.push(device) > 0,
  });
  await server.start();
  hub.publishEnvelope("a", { topic: "status", envelope: fakeStatus(1) });
  const anything = fc.oneof(request, fc.uint8Array({ maxLength: 500 }));
  await fc.assert(
    fc.asyncProperty(anything, async (bytes) => {
      using socket = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      await writes(socket, bytes);
      await socket.closeWrite().catch(() => {});
      const reading = readToEnd(socket);
      // Streams do not end by themselves, so the connection is closed after they have begun.
      const timer = setTimeout(() => socket.close(), 30);
      await reading;
      clearTimeout(timer);
    }),
    { numRuns: 400 },
  );
  assert.deepEqual(new Set(commands).size <= 1, true);
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(response.status, 200);
  await response.body?.cancel();
});
