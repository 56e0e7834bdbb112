import assert from "node:assert/strict";
import { makeCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/folders.ts";
import { exchange, startPage } from "../support/http_page.ts";
import { fakeStatus } from "../support/fake_stream.ts";
import { writes } from "../support/raw_http2.ts";
import { waitFor } from "../support/wait.ts";
import { Hub } from "../../src/web/hub.ts";

const GET = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

for (const scheme of ["http", "https"] as const) {
  Deno.test(`HttpServer answers another client while one address holds connections without a request, by ${scheme}`, async () => {
    using folder = temporaryFolder();
    const { ca, server } = makeCertificates(folder.path);
    const tls = {
      cert: Deno.readTextFileSync(server.cert),
      key: Deno.readTextFileSync(server.key),
    };
    await using page = await startPage(scheme === "https" ? { tls } : {});
    const held: Deno.Conn[] = [];
    for (let count = 0; count < 700; count++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: page.port });
      await connection.write(new TextEncoder().encode("GET / HTTP/1.1\r\nX: ")).catch(() => {});
      held.push(connection);
    }
    await waitFor("the connections", () => page.server.connections > 0);
    assert(page.server.connections <= 320, `${page.server.connections} connections`);
    using client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(ca)] });
    const response = await fetch(`${page.url}/healthz`, { client });
    await response.body?.cancel();
    assert.equal(response.status, 503);
    for (const connection of held) connection.close();
  });
}

Deno.test("HttpServer keeps connections free for other addresses while one holds endless responses", async () => {
  const hub = new Hub();
  hub.publishEnvelope("cam", { topic: "status", envelope: fakeStatus(1) });
  await using page = await startPage({ token: undefined, hub });
  const held: Deno.Conn[] = [];
  let streams = 0;
  for (let count = 0; count < 400; count++) {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: page.port });
    held.push(connection);
    await writes(
      connection,
      new TextEncoder().encode("GET /video?device=cam HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    );
    const head = new Uint8Array(12);
    await connection.read(head);
    if (new TextDecoder().decode(head) === "HTTP/1.1 200") streams++;
  }
  assert(page.server.connections <= 320, `${page.server.connections} connections`);
  assert.equal(streams, 48);
  assert.match(await exchange(page.port, GET), /^HTTP\/1\.1 503 /);
  for (const connection of held) connection.close();
});

Deno.test("HttpServer gives a foreign Host nothing of its health, and no client details without a token", async () => {
  await using open = await startPage({ token: undefined });
  await using closed = await startPage();
  const rebound = GET.replace("localhost", "evil.example");
  assert.match(await exchange(open.port, rebound), /^HTTP\/1\.1 401 /);
  for (const { port } of [open, closed]) {
    for (const request of [GET, rebound, GET.replace("GET", "HEAD")]) {
      assert.doesNotMatch(await exchange(port, request), /ward-7|reasons/);
    }
    assert.match(await exchange(port, GET), /\r\n\r\n(?:[\da-f]+\r\n)?\{"healthy":false\}/);
  }
});
