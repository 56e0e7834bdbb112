import assert from "node:assert/strict";
import { WebServer, type WebServerOptions } from "../../../../src/transports/http/web_server.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { waitFor } from "../../../support/wait.ts";

async function startServer(options: Partial<WebServerOptions> = {}): Promise<WebServer> {
  const server = new WebServer({
    address: "127.0.0.1",
    port: 0,
    maxConnections: 8,
    maxPerAddress: 8,
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
  await using server = await startServer({ maxPerAddress: 100 });
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

/** A request as the HTTP client of Java sends it by default. */
const H2C_REQUEST = [
  "POST / HTTP/1.1",
  "Connection: Upgrade, HTTP2-Settings",
  "Content-Length: 5",
  "Host: localhost",
  "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
  "Upgrade: h2c",
  "",
  "hello",
].join("\r\n");

for (const scheme of ["http", "https"]) {
  Deno.test(`WebServer answers requests that ask for HTTP/2 in HTTP/1.1, with their bodies (${scheme})`, async () => {
    using folder = temporaryFolder();
    const { ca, server: { cert, key } } = makeCertificates(folder.path);
    const read = (path: string) => Deno.readTextFileSync(path);
    await using server = await startServer({
      ...scheme === "https" ? { tls: { cert: read(cert), key: read(key) } } : {},
      webSockets: {
        accept: () => Promise.resolve(new Response(null, { status: 403 })),
        maxMessageBytes: 1000,
      },
    });
    const { port } = server;
    using socket = scheme === "https"
      ? await Deno.connectTls({ hostname: "localhost", port, caCerts: [read(ca)] })
      : await connect(server);
    let text = "";
    const decoder = new TextDecoder();
    const answers = () => text.split("POST hello").length - 1;
    for (let count = 1; count <= 2; count++) {
      await socket.write(new TextEncoder().encode(H2C_REQUEST));
      while (answers() < count) {
        const buffer = new Uint8Array(4096);
        text += decoder.decode(buffer.subarray(0, await socket.read(buffer) ?? assert.fail(text)));
      }
    }
    assert.equal(text.match(/^HTTP\/1\.1 200 /gm)?.length, 2, text);
  });
}

Deno.test("WebServer.start() rejects if the address is in use", async () => {
  await using server = await startServer();
  await assert.rejects(() => startServer({ port: server.port }), /EADDRINUSE|in use/);
});

/** Sends a request as text, and returns all that the server sends until it closes. */
async function exchange(server: WebServer, text: string): Promise<string> {
  using connection = await connect(server);
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

Deno.test("WebServer hands the method, the URL, the headers and the body on", async () => {
  const seen: unknown[] = [];
  await using server = await startServer({
    onRequest: async (request) => {
      const { method, url, headers } = request;
      seen.push([method, url, headers.get("x"), await request.text()]);
      return new Response("done", { status: 201, headers: { y: "z" } });
    },
  });
  const reply = await exchange(
    server,
    "POST /a?b=c HTTP/1.1\r\nHost: ward:8\r\nX: 1\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
  );
  assert.deepEqual(seen, [["POST", "http://ward:8/a?b=c", "1", "body"]]);
  assert.match(reply, /^HTTP\/1\.1 201 [\s\S]*\r\ny: z\r\n[\s\S]*done/);
  await exchange(server, "GET /x HTTP/1.0\r\n\r\n");
  assert.deepEqual(seen[1], ["GET", "http://localhost/x", null, ""]);
});

Deno.test("WebServer sends no body to HEAD, and cancels it", async () => {
  let cancelled = 0;
  await using server = await startServer({
    onRequest: () =>
      Promise.resolve(
        new Response(new ReadableStream({ cancel: () => void cancelled++ }), {
          headers: { y: "z" },
        }),
      ),
  });
  const reply = await exchange(server, "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(reply, /^HTTP\/1\.1 200 [\s\S]*y: z\r\n[\s\S]*\r\n\r\n$/);
  assert.equal(cancelled, 1);
});

Deno.test("WebServer sends a response without a body", async () => {
  await using server = await startServer({
    onRequest: () => Promise.resolve(new Response(null, { status: 204 })),
  });
  const reply = await exchange(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(reply, /^HTTP\/1\.1 204 /);
});

Deno.test("WebServer sends a body that is larger than the buffers completely", async () => {
  const bytes = 8_000_000;
  await using server = await startServer({
    onRequest: () => Promise.resolve(new Response(new Uint8Array(bytes).fill(65))),
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal((await response.arrayBuffer()).byteLength, bytes);
});

Deno.test("WebServer closes the connection of a request that it cannot read or handle", async () => {
  await using server = await startServer({
    onRequest: () => Promise.reject(new Error("It failed")),
  });
  assert.equal(await exchange(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "");
  assert.equal(await exchange(server, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "");
  assert.equal(await exchange(server, "garbage\r\n\r\n"), "");
  await waitFor("no connection", () => server.connections === 0);
});

const GET = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

/** Reads until a response whose body is "ok". */
async function readResponse(connection: Deno.Conn): Promise<void> {
  let text = "";
  const chunk = new Uint8Array(1000);
  while (!text.includes("\r\n\r\nok") && !text.includes("\nok\r\n")) {
    const read = await connection.read(chunk);
    assert(read !== null, text);
    text += new TextDecoder().decode(chunk.subarray(0, read));
  }
}

Deno.test("WebServer closes a connection only after the idle time since its last response", async () => {
  using timers = new HeldTimers();
  const { promise, resolve } = Promise.withResolvers<Response>();
  let requests = 0;
  await using server = await startServer({
    idleMs: 60_000,
    onRequest: () => ++requests === 1 ? promise : Promise.resolve(new Response("ok")),
  });
  using connection = await connect(server);
  await waitFor("the connection", () => server.connections === 1, { pollMs: 1 });
  timers.advance(50_000);
  await connection.write(GET);
  await waitFor("the request", () => requests === 1, { pollMs: 1 });
  timers.advance(600_000);
  assert.equal(server.connections, 1, "a request is in progress");
  resolve(new Response("ok"));
  await readResponse(connection);
  await waitFor("the idle timer", () => timers.remainingMs.includes(60_000), { pollMs: 1 });
  timers.advance(50_000);
  await connection.write(GET);
  await readResponse(connection);
  await waitFor("the idle timer", () => timers.remainingMs.includes(60_000), { pollMs: 1 });
  timers.advance(59_000);
  assert.equal(server.connections, 1);
  timers.advance(2000);
  assert.ok(await isClosed(connection));
});

Deno.test("WebServer.close() closes idle connections at once, and waits for responses in progress", async () => {
  using timers = new HeldTimers();
  const { promise, resolve } = Promise.withResolvers<Response>();
  let requests = 0;
  const server = await startServer({
    onRequest: () => {
      requests++;
      return promise;
    },
  });
  using idle = await connect(server);
  using busy = await connect(server);
  await busy.write(GET);
  await waitFor("the request", () => requests === 1 && server.connections === 2, { pollMs: 1 });
  let closed = false;
  const closing = server.close(5000).then(() => closed = true);
  assert.ok(await isClosed(idle));
  assert.equal(closed, false);
  resolve(new Response("ok"));
  await readResponse(busy);
  assert.ok(await isClosed(busy), "it is closed after its response");
  await closing;
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("WebServer.close() gives responses in progress no longer than its time", async () => {
  using timers = new HeldTimers();
  let requests = 0;
  const server = await startServer({
    onRequest: () => {
      requests++;
      return new Promise(() => {});
    },
  });
  using busy = await connect(server);
  await busy.write(GET);
  await waitFor("the request", () => requests === 1, { pollMs: 1 });
  const closing = server.close(5000);
  timers.advance(4900);
  assert.equal(server.connections, 1);
  timers.advance(200);
  assert.ok(await isClosed(busy));
  await closing;
});

Deno.test("WebServer with TLS answers, renews its certificate for new connections, and ignores plain HTTP", async () => {
  using folders = new DisposableStack();
  const [first, second] = [1, 2].map(() => {
    const { path } = folders.use(temporaryFolder());
    const { ca, server } = makeCertificates(path);
    const [cert, key] = [server.cert, server.key].map((file) => Deno.readTextFileSync(file));
    return { ca: Deno.readTextFileSync(ca), tls: { cert: cert!, key: key! } };
  });
  const urls: string[] = [];
  await using server = await startServer({
    tls: first!.tls,
    onRequest: ({ url }, { address }) => {
      urls.push(url, address);
      return Promise.resolve(new Response("ok"));
    },
  });
  const get = async (ca: string) => {
    using client = Deno.createHttpClient({ caCerts: [ca] });
    const response = await fetch(`https://localhost:${server.port}/a`, { client });
    return await response.text();
  };
  assert.equal(await get(first!.ca), "ok");
  assert.deepEqual(urls, [`https://localhost:${server.port}/a`, "127.0.0.1"]);
  server.setCertificate(second!.tls);
  assert.equal(await get(second!.ca), "ok");
  await assert.rejects(get(first!.ca));
  assert.doesNotMatch(await exchange(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), /HTTP/);
  await waitFor("no connection", () => server.connections === 0);
});
