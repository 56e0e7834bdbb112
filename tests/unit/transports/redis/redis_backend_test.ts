import assert from "node:assert/strict";
import fc from "fast-check";
import { backoffMs } from "../../../../src/transports/redis/backoff.ts";
import { explainRedisError } from "../../../../src/transports/redis/redis_error.ts";
import { ReplyGuard } from "../../../../src/transports/redis/reply_guard.ts";

const encoder = new TextEncoder();
const LIMITS = { maxBulkStringBytes: 100, maxArrayElements: 10 };

Deno.test("the pause before a reconnect doubles up to its cap, with chance in its upper half", () => {
  assert.deepEqual([1, 2, 3].map((attempt) => backoffMs(attempt, { random: 1 })), [50, 100, 200]);
  assert.equal(backoffMs(1, { random: 0 }), 25);
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e6 }), (attempt) => {
    const ms = backoffMs(attempt);
    assert.ok(ms >= 25 && ms <= 1000);
  }));
});

const reply = fc.oneof(
  fc.integer({ min: -5, max: 1e9 }).map((number) => `:${number}\r\n`),
  fc.constantFrom("+OK\r\n", "$-1\r\n", "*-1\r\n", "-ERR 500 wrong\r\n", "_\r\n"),
  fc.string({ maxLength: 60, unit: "binary-ascii" }).map((text) =>
    `$${text.length}\r\n${text}\r\n`
  ),
  fc.integer({ min: 0, max: 10 }).map((count) => `*${count}\r\n${":1\r\n".repeat(count)}`),
);

Deno.test("replies within the limits pass, in pieces of any size", () => {
  fc.assert(fc.property(fc.array(reply), fc.integer({ min: 1, max: 20 }), (replies, piece) => {
    const guard = new ReplyGuard(LIMITS);
    const bytes = encoder.encode(replies.join(""));
    for (let at = 0; at < bytes.length; at += piece) {
      assert.equal(guard.inspect(bytes.subarray(at, at + piece)), undefined);
    }
  }));
});

Deno.test("a reply over a limit is named, in pieces of any size, wherever it stands", () => {
  const tooLarge = fc.constantFrom(
    ["$101\r\n", /larger than max_bulk_string_bytes/],
    ["=99999999999999999999\r\n", /larger than/],
    ["*11\r\n", /longer than max_array_elements/],
    ["%10000000\r\n", /longer than/],
    ["+" + "x".repeat(70_000), /a line longer than/],
  ) as fc.Arbitrary<[string, RegExp]>;
  fc.assert(
    fc.property(
      fc.array(reply),
      tooLarge,
      fc.integer({ min: 1, max: 50 }),
      (before, [bad, named], piece) => {
        const guard = new ReplyGuard(LIMITS);
        const bytes = encoder.encode(before.join("") + bad);
        let wrong: string | undefined;
        for (let at = 0; at < bytes.length && !wrong; at += piece) {
          wrong = guard.inspect(bytes.subarray(at, at + piece));
        }
        assert.match(wrong ?? "", named);
      },
    ),
  );
});

Deno.test("garbage makes no guard throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (garbage) => {
    new ReplyGuard(LIMITS).inspect(garbage);
  }));
});

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
  ["It sent a list longer than max_array_elements, which is 10", "not_redis"],
  ["ERR something new", "other"],
];

for (const [text, fault] of FAULTS) {
  Deno.test(`"${text}" is the fault ${fault}, told with the address`, () => {
    const problem = explainRedisError(new Error(text), "ward:6379");
    assert.equal(problem.fault, fault);
    assert.match(problem.message, /^(Cannot|Lost)[^]* ward:6379/);
  });
}
