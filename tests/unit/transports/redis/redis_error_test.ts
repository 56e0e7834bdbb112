import assert from "node:assert/strict";
import { explainRedisError } from "../../../../src/transports/redis/redis_error.ts";

const FAULTS: readonly [string, string][] = [
  ["NOAUTH Authentication required.", "no_password"],
  ["WRONGPASS invalid username-password pair or user is disabled.", "wrong_password"],
  ["NOPERM this user has no permissions to run the 'publish' command", "no_permission"],
  ["READONLY You can't write against a read only replica.", "read_only"],
  ["LOADING Redis is loading the dataset in memory", "loading"],
  ["OOM command not allowed when used memory > 'maxmemory'.", "out_of_memory"],
  ["ERR max number of clients reached", "too_many_clients"],
  ["DENIED Redis is running in protected mode", "protected_mode"],
  ["MISCONF Redis is configured to save RDB snapshots", "cannot_persist"],
  ["MASTERDOWN Link with MASTER is down", "no_master"],
  ["All sentinels are unreachable. Retrying from scratch", "no_master"],
  ["CLUSTERDOWN Hash slot not served", "cluster_down"],
  ["connect ECONNREFUSED 127.0.0.1:6379", "unreachable"],
  ["getaddrinfo ENOTFOUND redis.ward", "unknown_host"],
  ["connect ETIMEDOUT", "timeout"],
  ["connect EPERM 10.0.0.5:6379", "not_allowed"],
  ["Operation not permitted (os error 1)", "not_allowed"],
  ["read ECONNRESET", "closed"],
  ["received fatal alert: HandshakeFailure", "tls"],
  ["invalid peer certificate: UnknownIssuer", "tls"],
  ["SELF_SIGNED_CERT_IN_CHAIN self-signed certificate in certificate chain", "tls"],
  ["CERT_HAS_EXPIRED certificate has expired", "tls"],
  ["received corrupt message of type InvalidContentType", "tls_side"],
  ['Unknown RESP type 72 "H". Please report this.', "not_redis"],
  ["The peer sent a line that is not valid RESP", "not_redis"],
  ["The peer sent a list longer than max_array_elements, which is 10", "not_redis"],
  ["ERR something new", "other"],
];

for (const [text, fault] of FAULTS) {
  Deno.test(`explainRedisError() classifies "${text}" as ${fault} and names the address`, () => {
    const problem = explainRedisError(new Error(text), "ward:6379");
    assert.equal(problem.fault, fault);
    assert.match(problem.message, /^(Cannot|Lost)[^]* ward:6379/);
  });
}

Deno.test("explainRedisError() names the error code, and the errors within an error", () => {
  const coded = Object.assign(new Error("it failed"), { code: "EWEIRD" });
  assert.equal(
    explainRedisError(coded, "x:1").message,
    "Cannot use Redis at x:1: EWEIRD it failed",
  );
  const several = new AggregateError([new Error("one"), coded], "all failed");
  assert.match(explainRedisError(several, "x:1").message, /: all failed: one; EWEIRD it failed$/);
  const node = Object.assign(new Error("no node"), { lastNodeError: new Error("WRONGPASS x") });
  assert.equal(explainRedisError(node, "x:1").fault, "wrong_password");
  assert.match(explainRedisError("a text", "x:1").message, /: a text$/);
});

Deno.test("explainRedisError() shows at most 500 characters of an error", () => {
  for (const [length, shown] of [[500, 500], [501, 500]] as const) {
    const { message } = explainRedisError(new Error("x".repeat(length)), "x:1");
    assert.equal(message.length, "Cannot use Redis at x:1: ".length + shown);
  }
});

Deno.test("explainRedisError() explains a login that the Sentinels refuse apart from that of Redis", () => {
  const text = "All sentinels are unreachable. Last error: WRONGPASS invalid password";
  const { fault, message } = explainRedisError(new Error(text), "main");
  assert.equal(fault, "sentinel_login");
  assert.match(message, /--redis_sentinel_password_file/);
});

Deno.test("explainRedisError() ignores a code that is no text", () => {
  const numbered = Object.assign(new Error("it failed"), { code: 7 });
  assert.match(explainRedisError(numbered, "x:1").message, /: it failed$/);
});

Deno.test("explainRedisError() names the flag for what is wrong, and the words to search for", () => {
  const cases: readonly (readonly [error: string, ...parts: string[]])[] = [
    ["NOAUTH x", "(NOAUTH)", "--redis_password_file"],
    ["NOPERM no 'select'", "(NOPERM)", "config/redis.acl", "no 'select'"],
    [
      "timed out",
      "Operation timed out",
      "--redis_connection_timeout_ms",
      "--redis_operation_timeout_ms",
    ],
    ["SELF_SIGNED_CERT_IN_CHAIN x", "SELF_SIGNED_CERT_IN_CHAIN", "--redis_tls_ca_path"],
    ["ERR_TLS_CERT_ALTNAME_INVALID x", "ERR_TLS_CERT_ALTNAME_INVALID", "--redis_tls_server_name"],
    ["alert: CertificateRequired", "--redis_tls_cert_path", "--redis_tls_key_path"],
    ["corrupt message", "--redis_tls"],
    ["a string larger than x", "--redis_max_bulk_string_bytes", "--redis_max_array_elements"],
  ];
  for (const [error, ...parts] of cases) {
    const { message } = explainRedisError(new Error(error), "x:1");
    for (const part of parts) assert(message.includes(part), `${part} in ${message}`);
  }
});

Deno.test("explainRedisError() asks for no report of what another server sent", () => {
  const { message } = explainRedisError(
    new Error('Unknown RESP type 72 "H". Please report this.'),
    "x:1",
  );
  assert.match(message, /: check that it is a Redis server: Unknown RESP type 72 "H"$/);
});
