import assert from "node:assert/strict";
import { CommandQueue } from "../../../src/transports/redis/command_queue.ts";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { RedisReader } from "../../../src/transports/redis/reader.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { clock, coreMetric } from "../../support/messages.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

function startTlsRedis(
  { cert, key, ca }: { cert: string; key: string; ca: string },
  { authClients = "no", more = [] }: {
    readonly authClients?: string;
    readonly more?: readonly string[];
  } = {},
) {
  const tlsPort = freePort();
  // deno-fmt-ignore
  const args = [
    "--tls-port", `${tlsPort}`, "--tls-cert-file", cert, "--tls-key-file", key,
    "--tls-ca-cert-file", ca, "--tls-auth-clients", authClients, ...more,
  ];
  return startRedis({ args }).then((server) => ({
    server,
    tlsPort,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }));
}

Deno.test("RedisBackend connects over TLS with a client certificate and reports why TLS fails", async () => {
  using folder = temporaryFolder();
  const certificates = makeCertificates(folder.path);
  const { ca, client, server } = certificates;
  await using tls = await startTlsRedis({ ...server, ca }, { authClients: "yes" });
  const good: RedisOptions = optionsFor({ port: tls.tlsPort }, {
    host: "localhost",
    tls: true,
    tlsCaPath: ca,
    tlsCertPath: client.cert,
    tlsKeyPath: client.key,
  });
  {
    await using ends = startOutbox(good);
    await waitFor("a connection", () => ends.backend.ready);
    ends.outbox.offer(coreMetric(1));
    await waitFor("the metric", () => ends.counters.get("outbox_sent_total", { class: "metric" }));
  }
  const { tlsCertPath: _cert, tlsKeyPath: _key, ...without } = good;
  const bad: [string, RedisOptions, RegExp][] = [
    [
      "another CA",
      { ...good, tlsCaPath: certificates.unknownCa },
      /issuer|unknown|self.signed/i,
    ],
    ["no client certificate", without, /certificate.?required/i],
    ["another name", { ...good, tlsServerName: "redis.example.org" }, /name/i],
    [
      "a missing file",
      { ...good, tlsCaPath: "/nowhere/ca.pem" },
      /Cannot read the TLS file \/nowhere/,
    ],
  ];
  for (const [fault, options, reason] of bad) {
    await using ends = startOutbox(options);
    // The first attempt may see only that the connection was closed, before the reason arrives.
    await waitFor(`the problem: ${fault}`, () => reason.test(ends.outbox.problem ?? ""));
    assert.match(ends.outbox.problem ?? "", /Cannot set up TLS|Lost the connection/, fault);
    assert.equal(ends.backend.ready, false);
  }
});

for (const version of ["TLSv1.1", "TLSv1.2", "TLSv1.3"]) {
  const refused = version === "TLSv1.1";
  Deno.test(`RedisBackend ${refused ? "rejects" : "accepts"} a server that only supports ${version}`, async () => {
    using folder = temporaryFolder();
    const { ca, server } = makeCertificates(folder.path);
    // Present-day OpenSSL supports the old version only at security level 0.
    const more = ["--tls-protocols", version, "--tls-ciphers", "DEFAULT@SECLEVEL=0"];
    await using tls = await startTlsRedis({ ...server, ca }, { more });
    await using ends = startOutbox(
      optionsFor({ port: tls.tlsPort }, { host: "localhost", tls: true, tlsCaPath: ca }),
    );
    await waitFor("a connection or a problem", () => ends.backend.ready || ends.outbox.problem);
    assert.equal(ends.backend.ready, !refused);
    if (!refused) return;
    assert.match(ends.outbox.problem ?? "", /protocol.?version/i);
  });
}

Deno.test("RedisBackend rejects an expired certificate and connects after its renewal", async () => {
  using folder = temporaryFolder();
  const { ca, expired, server } = makeCertificates(folder.path);
  await using tls = await startTlsRedis({ ...expired, ca });
  await using ends = startOutbox(
    optionsFor({ port: tls.tlsPort }, { host: "localhost", tls: true, tlsCaPath: ca }),
  );
  await waitFor("the problem", () => ends.outbox.problem);
  assert.match(ends.outbox.problem ?? "", /Cannot set up TLS.*expired/i);
  const admin = tls.server.client();
  await admin.config("SET", "tls-cert-file", server.cert, "tls-key-file", server.key);
  await waitFor("a connection", () => ends.backend.ready);
});

Deno.test("RedisBackend.reload() reads certificates again", async () => {
  using folder = temporaryFolder();
  const { ca, client, expired, server } = makeCertificates(folder.path);
  await using tls = await startTlsRedis({ ...server, ca }, { authClients: "yes" });
  const options = optionsFor({ port: tls.tlsPort }, {
    host: "localhost",
    tls: true,
    tlsCaPath: ca,
    tlsCertPath: `${folder.path}/ours.crt`,
    tlsKeyPath: `${folder.path}/ours.key`,
  });
  const install = ({ cert, key }: { cert: string; key: string }) => {
    Deno.copyFileSync(cert, `${folder.path}/ours.crt`);
    Deno.copyFileSync(key, `${folder.path}/ours.key`);
  };
  install(client);
  await using ends = startOutbox(options);
  await waitFor("a connection", () => ends.backend.ready);
  install(expired);
  assert.equal(ends.backend.ready, true);
  ends.backend.reload(options);
  await waitFor("the problem", () => /expired/i.test(ends.outbox.problem ?? ""));
  install(client);
  ends.backend.reload(options);
  await waitFor("a connection", () => ends.backend.ready && ends.outbox.problem === undefined);
});

/** A busy machine may answer no probe in time; the next follows after 5 s. */
const SEVERAL_PROBES = { timeoutMs: 40_000 };

Deno.test("RedisBackend reports TLS that only one side uses", async () => {
  using folder = temporaryFolder();
  const { ca, server } = makeCertificates(folder.path);
  await using tls = await startTlsRedis({ ...server, ca });
  for (
    const [options, message] of [
      [optionsFor({ port: tls.tlsPort }), /accepts only TLS on this port: add --redis_tls/],
      [
        optionsFor(tls.server, { host: "localhost", tls: true, tlsCaPath: ca }),
        /does not use TLS on this port: set --redis_port to its tls-port, or remove --redis_tls/,
      ],
    ] as const
  ) {
    await using ends = startOutbox({
      ...options,
      operationTimeoutMs: 300,
      connectionTimeoutMs: 300,
    });
    await waitFor("the problem", () => message.test(ends.outbox.problem ?? ""), SEVERAL_PROBES);
    assert.equal(ends.backend.ready, false);
    const log = new CollectingLog();
    await using _reader = new RedisReader({ redis: options, log, onMessage: () => {} });
    await waitFor(
      "the same by a reader",
      () => log.lines.some((line) => message.test(line)),
      SEVERAL_PROBES,
    );
  }
});

Deno.test("RedisBackend connects over TLS to an IP address that is in the certificate, and to no other", async () => {
  using folder = temporaryFolder();
  const { ca, server, otherName, unknownCa } = makeCertificates(folder.path);
  await using named = await startTlsRedis({ ...server, ca });
  const optionsOf = (port: number, tlsCaPath: string) =>
    optionsFor({ port }, { host: "127.0.0.1", tls: true, tlsCaPath });
  {
    await using ends = startOutbox(optionsOf(named.tlsPort, ca));
    await waitFor("a connection", () => ends.backend.ready);
  }
  await using other = await startTlsRedis({ ...otherName, ca });
  for (
    const [options, message] of [
      [
        optionsOf(other.tlsPort, ca),
        /certificate is for another name: set .*--redis_tls_server_name/,
      ],
      [
        optionsOf(named.tlsPort, unknownCa),
        /authority of its certificate is unknown: set --redis_tls_ca_path/,
      ],
    ] as const
  ) {
    await using ends = startOutbox(options);
    await waitFor("the problem", () => message.test(ends.outbox.problem ?? ""));
    assert.equal(ends.backend.ready, false);
  }
});

Deno.test("CommandQueue reports a command over the size limit, and takes the next", async () => {
  await using server = await startRedis();
  const log = new CollectingLog();
  const taken: string[] = [];
  const options = optionsFor(server, { maxBulkStringBytes: 2000 });
  await using queue = new CommandQueue(options, {
    log,
    clock,
    onCommand: (bytes) => taken.push(new TextDecoder().decode(bytes)),
  });
  queue.start();
  const client = server.client();
  await client.lpush("physiology:command_queue", "x".repeat(5000));
  await client.lpush("physiology:command_queue", "next");
  await waitFor("the next command", () => taken.length === 1);
  assert.deepEqual(taken, ["next"]);
  const [line = ""] = log.linesWith("Cannot read the command queue");
  assert.match(line, /Dropped a recording command .*larger than max_bulk_string_bytes/);
  assert.doesNotMatch(log.lines.join(), /RESP type|Please report/);
});

const ERRORS: readonly [string, string[], Partial<RedisOptions>, RegExp][] = [
  [
    "a missing password",
    ["--requirepass", "right"],
    {},
    /requires a password \(NOAUTH\): set PHYSIOLOGY_REDIS_PASSWORD/,
  ],
  [
    "a wrong password",
    ["--requirepass", "right"],
    { password: "wrong" },
    /wrong user name or password/,
  ],
  [
    "too many clients",
    ["--maxclients", "1"],
    {},
    /too many clients.*: raise maxclients/,
  ],
];

for (const [fault, args, options, message] of ERRORS) {
  Deno.test(`RedisBackend reports ${fault}, without the secret`, async () => {
    await using server = await startRedis({ args });
    if (fault === "too many clients") await server.client().ping();
    await using ends = startOutbox(optionsFor(server, options));
    await waitFor("the problem", () => message.test(ends.outbox.problem ?? ""));
    assert.doesNotMatch(ends.outbox.problem ?? "", /\b(right|wrong)\b(?! user)/);
  });
}

Deno.test("RedisBackend.reload() applies a password that was changed on the server", async () => {
  await using server = await startRedis({ args: ["--requirepass", "first"] });
  const options = optionsFor(server, { password: "first" });
  await using ends = startOutbox(options);
  await waitFor("a connection", () => ends.backend.ready);
  const admin = server.client({ password: "first" });
  await admin.config("SET", "requirepass", "second");
  await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await waitFor("the problem", () => /wrong user name or password/.test(ends.outbox.problem ?? ""));
  ends.outbox.offer(coreMetric(1));
  ends.backend.reload({ ...options, password: "second" });
  await waitFor("a connection", () => ends.backend.ready);
  await waitFor("recovery", () => ends.outbox.problem === undefined);
});

Deno.test("RedisBackend names its connections in CLIENT LIST, and has one for frames when they are sent", async () => {
  await using server = await startRedis();
  await using ends = startOutbox(optionsFor(server));
  await waitFor("a connection", () => ends.backend.ready);
  const list = async () => String(await server.client().client("LIST"));
  assert.match(await list(), /name=physiology_server:metrics/);
  assert.doesNotMatch(await list(), /name=physiology_server:frames/);
  await waitFor("a connection for frames", () => ends.backend.openForFrames());
  assert.match(await list(), /name=physiology_server:frames/);
});
