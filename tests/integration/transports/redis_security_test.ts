import assert from "node:assert/strict";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { coreMetric } from "../../support/messages.ts";
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

Deno.test("TLS is spoken with a CA and a client certificate, and refused, with the reason, without", async () => {
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
      "a stranger's CA",
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
  for (const [what, options, reason] of bad) {
    await using ends = startOutbox(options);
    await waitFor(`trouble for ${what}`, () => ends.outbox.trouble);
    assert.match(ends.outbox.trouble ?? "", /Cannot set up TLS|Lost the connection/, what);
    assert.match(ends.outbox.trouble ?? "", reason, what);
    assert.equal(ends.backend.ready, false);
  }
});

for (const version of ["TLSv1.1", "TLSv1.2", "TLSv1.3"]) {
  const refused = version === "TLSv1.1";
  Deno.test(`a server that speaks ${version} alone is ${refused ? "refused" : "used"}`, async () => {
    using folder = temporaryFolder();
    const { ca, server } = makeCertificates(folder.path);
    // Today's OpenSSL speaks the old version only where it is told that anything will do.
    const more = ["--tls-protocols", version, "--tls-ciphers", "DEFAULT@SECLEVEL=0"];
    await using tls = await startTlsRedis({ ...server, ca }, { more });
    await using ends = startOutbox(
      optionsFor({ port: tls.tlsPort }, { host: "localhost", tls: true, tlsCaPath: ca }),
    );
    await waitFor("a connection or its refusal", () => ends.backend.ready || ends.outbox.trouble);
    assert.equal(ends.backend.ready, !refused);
    if (!refused) return;
    assert.match(ends.outbox.trouble ?? "", /protocol.?version/i);
  });
}

Deno.test("an expired certificate is refused, with the reason, and its renewal is seen", async () => {
  using folder = temporaryFolder();
  const { ca, expired, server } = makeCertificates(folder.path);
  await using tls = await startTlsRedis({ ...expired, ca });
  await using ends = startOutbox(
    optionsFor({ port: tls.tlsPort }, { host: "localhost", tls: true, tlsCaPath: ca }),
  );
  await waitFor("the trouble", () => ends.outbox.trouble);
  assert.match(ends.outbox.trouble ?? "", /Cannot set up TLS.*expired/i);
  const admin = tls.server.client();
  await admin.config("SET", "tls-cert-file", server.cert, "tls-key-file", server.key);
  await waitFor("a connection", () => ends.backend.ready);
});

Deno.test("certificates are read again at a reload", async () => {
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
  await waitFor("the trouble", () => /expired/i.test(ends.outbox.trouble ?? ""));
  install(client);
  ends.backend.reload(options);
  await waitFor("a connection", () => ends.backend.ready && ends.outbox.trouble === undefined);
});

Deno.test("a plain server behind --redis_tls, and a TLS server without it, are told", async () => {
  using folder = temporaryFolder();
  const { ca, server } = makeCertificates(folder.path);
  await using tls = await startTlsRedis({ ...server, ca });
  for (
    const options of [
      optionsFor({ port: tls.tlsPort }),
      optionsFor(tls.server, { host: "localhost", tls: true, tlsCaPath: ca }),
    ]
  ) {
    await using ends = startOutbox({
      ...options,
      operationTimeoutMs: 300,
      connectionTimeoutMs: 300,
    });
    await waitFor("the trouble", () => ends.outbox.trouble);
    assert.equal(ends.backend.ready, false);
  }
});

const ERRORS: readonly [string, string[], Partial<RedisOptions>, RegExp][] = [
  [
    "a missing password",
    ["--requirepass", "right"],
    {},
    /wants a password: set PHYSIOLOGY_REDIS_PASSWORD/,
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
    /too many clients: raise maxclients/,
  ],
];

for (const [what, args, options, trouble] of ERRORS) {
  Deno.test(`${what} is told from other faults, without the secret`, async () => {
    await using server = await startRedis({ args });
    await using ends = startOutbox(optionsFor(server, options));
    await waitFor("the trouble", () => trouble.test(ends.outbox.trouble ?? ""));
    assert.doesNotMatch(ends.outbox.trouble ?? "", /\b(right|wrong)\b(?! user)/);
  });
}

Deno.test("a password changed while running is told, and works again after a reload", async () => {
  await using server = await startRedis({ args: ["--requirepass", "first"] });
  const options = optionsFor(server, { password: "first" });
  await using ends = startOutbox(options);
  await waitFor("a connection", () => ends.backend.ready);
  const admin = server.client({ password: "first" });
  await admin.config("SET", "requirepass", "second");
  await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  await waitFor("the trouble", () => /wrong user name or password/.test(ends.outbox.trouble ?? ""));
  ends.outbox.offer(coreMetric(1));
  ends.backend.reload({ ...options, password: "second" });
  await waitFor("a connection", () => ends.backend.ready);
  await waitFor("no trouble", () => ends.outbox.trouble === undefined);
});

Deno.test("the link shows itself in CLIENT LIST by its name and its library", async () => {
  await using server = await startRedis();
  await using ends = startOutbox(optionsFor(server));
  await waitFor("a connection", () => ends.backend.ready);
  const list = String(await server.client().client("LIST"));
  assert.match(list, /name=physiology_server:metrics/);
  assert.match(list, /name=physiology_server:frames/);
});
