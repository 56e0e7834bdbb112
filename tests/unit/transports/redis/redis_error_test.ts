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
  ["read ECONNRESET", "closed"],
  ["invalid peer certificate: UnknownIssuer", "tls"],
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
