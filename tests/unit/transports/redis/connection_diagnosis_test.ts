import assert from "node:assert/strict";
import { ConnectionDiagnosis } from "../../../../src/transports/redis/connection_diagnosis.ts";
import {
  DEFAULT_REDIS_OPTIONS,
  type RedisOptions,
} from "../../../../src/transports/redis/options.ts";
import type { RedisFault } from "../../../../src/transports/redis/redis_error.ts";
import { makeCertificates } from "../../../support/certificates.ts";
import { FakeRedis } from "../../../support/fake_redis.ts";
import { temporaryFolder } from "../../../support/folders.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { TlsListener } from "../../../support/tls_listener.ts";
import { waitFor } from "../../../support/wait.ts";

/** Returns the message that explains a fault of a connection to this server. */
async function explain(
  fault: RedisFault,
  server: { readonly port: number },
  more: Partial<RedisOptions> = {},
): Promise<string | undefined> {
  await using diagnosis = new ConnectionDiagnosis();
  return await explainBy(diagnosis, { fault, server, more });
}

async function explainBy(
  diagnosis: ConnectionDiagnosis,
  { fault, server, more = {} }: {
    readonly fault: RedisFault;
    readonly server: { readonly port: number };
    readonly more?: Partial<RedisOptions>;
  },
): Promise<string | undefined> {
  const options = { ...DEFAULT_REDIS_OPTIONS, host: "127.0.0.1", port: server.port, ...more };
  return (await diagnosis.explain({ fault, message: "" }, options))?.message;
}

Deno.test("ConnectionDiagnosis.explain() finds TLS that only the server uses", async () => {
  using folder = temporaryFolder();
  await using server = new TlsListener(makeCertificates(folder.path).server);
  using timers = new HeldTimers();
  const message = explain("closed", server);
  await waitFor("the wait for a reason", () => timers.remainingMs.includes(500), { pollMs: 1 });
  timers.advance(500);
  assert.match(await message ?? "", /only TLS on this port: add --redis_tls/);
});

Deno.test("ConnectionDiagnosis.explain() finds TLS that only the client uses, and probes again after 5 s", async () => {
  await using server = new FakeRedis();
  using _timers = new HeldTimers();
  const more = { tls: true };
  for (const fault of ["timeout", "closed"] as const) {
    await using diagnosis = new ConnectionDiagnosis();
    const message = await explainBy(diagnosis, { fault, server, more });
    assert.match(message ?? "", /does not use TLS on this port: .*or remove --redis_tls/);
    assert.equal(await explainBy(diagnosis, { fault, server, more }), undefined);
  }
});

Deno.test("ConnectionDiagnosis.explain() reads why the server closes connections", async () => {
  await using server = new FakeRedis();
  using _timers = new HeldTimers();
  server.farewell = "-ERR max number of clients reached\r\n";
  assert.match(await explain("closed", server) ?? "", /too many clients/);
});

Deno.test("ConnectionDiagnosis.explain() leaves other faults, Sentinels and clusters alone", async () => {
  await using server = new FakeRedis();
  assert.equal(await explain("timeout", server), undefined);
  assert.equal(await explain("no_password", server, { tls: true }), undefined);
  assert.equal(await explain("closed", server, { cluster: true }), undefined);
  const sentinel = { sentinelName: "main", sentinels: ["a:1"] };
  assert.equal(await explain("closed", server, sentinel), undefined);
  assert.equal(server.opened, 0);
});
