import assert from "node:assert/strict";
import { WebServer, type WebServerOptions } from "../../../../src/transports/http/web_server.ts";
import { waitFor } from "../../../support/wait.ts";

async function startServer(options: Partial<WebServerOptions> = {}): Promise<WebServer> {
  const server = new WebServer({
    address: "127.0.0.1",
    port: 0,
    maxConnections: 8,
    idleMs: 60_000,
    onRequest: async (request) => new Response(`${request.method} ${await request.text()}`),
    ...options,
  });
  await server.start();
  return server;
}

const connect = ({ port }: WebServer) => Deno.connect({ hostname: "127.0.0.1", port });

/** True when the peer has closed. */
async function isClosed(connection: Deno.Conn): Promise<boolean> {
  return await connection.read(new Uint8Array(1)).catch(() => null) === null;
}

Deno.test("WebServer closes connections above the limit, and accepts new ones after others close", async () => {
  await using server = await startServer();
  const held = await Promise.all(Array.from({ length: 8 }, () => connect(server)));
  await waitFor("the connections", () => server.connections === 8);
  using surplus = await connect(server);
  assert.ok(await isClosed(surplus));
  held[0]!.close();
  await waitFor("a free connection", () => server.connections === 7);
  const response = await fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", body: "x" });
  assert.equal(await response.text(), "POST x");
  for (const connection of held.slice(1)) connection.close();
});

Deno.test("WebServer closes connections without a complete request", async () => {
  await using server = await startServer({ idleMs: 100 });
  using silent = await connect(server);
  using slow = await connect(server);
  await slow.write(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: localhost\r\nX: "));
  assert.ok(await isClosed(silent));
  assert.ok(await isClosed(slow));
});

Deno.test("WebServer continues an endless response beyond the idle time until the client disconnects", async () => {
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  await using server = await startServer({
    idleMs: 50,
    onRequest: () =>
      Promise.resolve(
        new Response(
          new ReadableStream({
            async pull(controller) {
              await new Promise((resolve) => timer = setTimeout(resolve, 20));
              controller.enqueue(new Uint8Array(1000));
            },
            cancel() {
              clearTimeout(timer);
              ended = true;
            },
          }),
        ),
      ),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  const reader = response.body!.getReader();
  for (let bytes = 0; bytes < 10_000;) bytes += (await reader.read()).value!.length;
  await reader.cancel();
  await waitFor("the stream to end", () => ended);
});

Deno.test("WebServer.start() rejects if the address is in use", async () => {
  await using server = await startServer();
  await assert.rejects(() => startServer({ port: server.port }), /EADDRINUSE|in use/);
});
