import assert from "node:assert/strict";
import { answersWithoutTls, answersWithTls } from "../../../../src/transports/redis/tls_probe.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { FakeRedis } from "../../../support/fake_redis.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { TlsListener } from "../../../support/tls_listener.ts";
import { waitFor } from "../../../support/wait.ts";

const { signal } = new AbortController();
const addressOf = ({ hostname: host, port }: { hostname: string; port: number }) => ({
  host,
  port,
});

Deno.test("answersWithTls() recognizes a server by its handshake, although it does not trust it", async () => {
  using folder = temporaryFolder();
  await using server = new TlsListener(makeCertificates(folder.path).server);
  using _timers = new HeldTimers();
  assert.equal(await answersWithTls(addressOf(server), signal), true);
});

Deno.test("answersWithoutTls() recognizes Redis by its reply to PING, with or without a login", async () => {
  for (
    const [reply, answers] of [
      ["+PONG\r\n", true],
      ["-NOAUTH Authentication required.\r\n", true],
      ["HTTP/1.1 400 Bad Request\r\n", false],
    ] as const
  ) {
    await using server = new FakeRedis();
    using _timers = new HeldTimers();
    server.reply = () => reply;
    assert.equal(await answersWithoutTls(addressOf(server), signal), answers, reply);
  }
});

for (const probe of [answersWithTls, answersWithoutTls]) {
  Deno.test(`${probe.name}() is false without a server, for a silent one, and once it is ended`, async () => {
    const closed = new FakeRedis();
    await closed[Symbol.asyncDispose]();
    assert.equal(await probe(addressOf(closed), signal), false);
    await using silent = new FakeRedis();
    silent.reply = () => "";
    assert.equal(await probe(addressOf(silent), signal), false);
    const ending = new AbortController();
    const opened = silent.opened;
    const probing = probe(addressOf(silent), ending.signal);
    await waitFor("the connection", () => silent.opened > opened, { pollMs: 1 });
    ending.abort();
    assert.equal(await probing, false);
    assert.equal(await probe(addressOf(silent), ending.signal), false);
    await waitFor("the end of its connections", () => silent.open === 0, { pollMs: 1 });
  });
}
