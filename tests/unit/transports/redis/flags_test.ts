import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/base/errors.ts";
import { redisFlags, redisPermissions } from "../../../../src/transports/redis/flags.ts";
import { load } from "../../../../src/app/flags.ts";
import { accepts, assertNumberLimits, defaultsOf } from "../../../support/flag_limits.ts";
import { DEFAULT_REDIS_OPTIONS } from "../../../../src/transports/redis/options.ts";

Deno.test("redisFlags accept numbers within their limits, and none beyond", () => {
  assertNumberLimits(redisFlags, {
    port: [1, 65_535],
    database: [0, 15],
    connectionTimeoutMs: [10, 600_000],
    operationTimeoutMs: [10, 600_000],
    reconnectMaxMs: [0, 600_000],
    partitions: [0, 1024],
    maxBulkStringBytes: [1024, 536_870_912],
    maxArrayElements: [8, 1_000_000],
    keyTtlSeconds: [1, 31_536_000],
    historySeconds: [1, 31_536_000],
    historyMaxEntries: [1, 100_000_000],
  });
});

Deno.test("redisFlags have the documented defaults, which are those of the client", () => {
  const defaults = defaultsOf(redisFlags);
  const shared = Object.keys(DEFAULT_REDIS_OPTIONS).map((key) => [key, defaults[key]]);
  assert.deepEqual(defaults, {
    saveDefaultConfig: false,
    host: "localhost",
    port: 6379,
    password: "",
    database: 0,
    keyPrefix: "physiology",
    connectionTimeoutMs: 5000,
    operationTimeoutMs: 1000,
    reconnectMaxMs: 0,
    usePubsub: true,
    enableDebugLogging: false,
    maxBulkStringBytes: 10_485_760,
    maxArrayElements: 1000,
    partitions: 0,
    commandQueue: true,
    allowPlaintext: false,
    clientName: "physiology_server",
    shardedPublish: false,
    tls: false,
    sentinels: [],
    sentinelPassword: "",
    cluster: false,
    clusterNodes: [],
    keyTtlSeconds: 3600,
    historySeconds: 3600,
    historyMaxEntries: 100_000,
    historyFrames: false,
  });
  assert.deepEqual(DEFAULT_REDIS_OPTIONS, Object.fromEntries(shared));
});

Deno.test("redisFlags accept texts of their patterns, and no others", () => {
  const cases: [key: string, accepted: string[], rejected: string[]][] = [
    ["host", ["redis.ward", "10.0.0.1", "::1", "fe80::1%eth0"], [
      "ward:6379",
      "redis://ward",
      "a b",
      "",
    ]],
    ["keyPrefix", ["ward-1", "x".repeat(200)], ["", "x".repeat(201), "a b", "a*", "{a}"]],
    ["clientName", ["bed~7", "x".repeat(100)], ["", "x".repeat(101), "bed 7", "bäd"]],
    ["sentinels", ["a:1", "a:1,b:65535"], ["a", "a:123456", "a:x"]],
    ["clusterNodes", ["a:1"], ["a"]],
  ];
  for (const [key, accepted, rejected] of cases) {
    for (const text of accepted) assert.equal(accepts(redisFlags, key, text), true, text);
    for (const text of rejected) assert.equal(accepts(redisFlags, key, text), false, text);
  }
});

function permissionsOf(...argv: string[]) {
  const { settings } = load(["--simulate", "--redis_allow_plaintext", ...argv], {
    env: {},
    readText: () => "{}",
  });
  return redisPermissions(settings, { assets: "/a", env: {} });
}

Deno.test("redisPermissions() allow the server, and reading each certificate and key", () => {
  assert.deepEqual(permissionsOf(), { read: [], net: ["localhost:6379"] });
  assert.deepEqual(
    permissionsOf(
      "--redis_host=::1",
      "--redis_port=7",
      "--redis_tls",
      "--redis_tls_ca_path=/etc/ca.pem",
      "--redis_tls_cert_path=/etc/cert.pem",
      "--redis_tls_key_path=/etc/key.pem",
    ),
    { read: ["/etc/ca.pem", "/etc/cert.pem", "/etc/key.pem"], net: ["[::1]:7"] },
  );
});

Deno.test("redisPermissions() allow every host for a cluster or Sentinels", () => {
  assert.equal(permissionsOf("--redis_cluster").net, true);
  assert.equal(permissionsOf("--redis_sentinel_name=m", "--redis_sentinels=a:1").net, true);
});

for (
  const [name, argv, message] of [
    ["a key without a certificate", ["--redis_tls", "--redis_tls_key_path=/k"], /alone: give both/],
    ["a server name without TLS", ["--redis_tls_server_name=x"], /without TLS: add --redis_tls/],
    [
      "a certificate without TLS",
      ["--redis_tls_cert_path=/c", "--redis_tls_key_path=/k"],
      /without TLS/,
    ],
    ["a master without Sentinels", ["--redis_sentinel_name=m"], /alone: give both/],
  ] as const
) {
  Deno.test(`redisRules refuse ${name}`, () => {
    assert.throws(() => permissionsOf(...argv), message);
  });
}

Deno.test("redisRules accept what belongs together", () => {
  permissionsOf("--redis_tls", "--redis_tls_server_name=x", "--redis_tls_ca_path=/ca");
  permissionsOf("--redis_cluster", "--redis_cluster_nodes=a:1", "--redis_database=0");
  permissionsOf("--redis_sentinel_name=m", "--redis_sentinels=a:1", "--redis_database=3");
});

/** The message of the policy for a command line; undefined if it is accepted. */
function refusalOf(...argv: string[]): string | undefined {
  try {
    load(argv, { env: {}, readText: () => "{}" });
    return undefined;
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.message;
  }
}

Deno.test("redisPolicy refuses a password or frames without TLS to any host beyond loopback", () => {
  const password = "--redis_password=secret";
  const noFrames = "--frame_publish=never";
  const remote = "--redis_host=10.0.0.1";
  for (
    const argv of [
      ["--simulate", remote],
      ["--simulate", remote, noFrames, password],
      ["check-config", "--simulate", remote],
      ["install", remote],
      ["dashboard", remote],
      ["record", remote, password],
      ["alert", "--rules=/r", remote, password],
      ["record", "--redis_sentinel_name=m", "--redis_sentinels=[::1]:1,a:2", password],
      ["--simulate", "--redis_cluster", "--redis_cluster_nodes=[fe80::1]:1"],
    ]
  ) {
    assert.match(
      refusalOf(...argv) ?? "",
      /^Cannot send (the password|frames) to .*: add --redis_tls/,
    );
    assert.equal(refusalOf(...argv, "--redis_allow_plaintext"), undefined, argv.join(" "));
    assert.equal(refusalOf(...argv, "--redis_tls"), undefined, argv.join(" "));
  }
  for (
    const argv of [
      ["--simulate", remote, noFrames],
      ["--simulate", remote, "--streaming_backend=file", password],
      ["record", remote],
      ["alert", "--rules=/r", remote],
      ["record", "--redis_sentinel_name=m", "--redis_sentinels=[::1]:1", password],
      ["--simulate", "--redis_host=127.0.0.9", password],
      ["print-config", remote, password],
    ]
  ) assert.equal(refusalOf(...argv), undefined, argv.join(" "));
});
