import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  isLateEntry,
  KeyValueCommands,
  type StoredEnvelope,
} from "../../../../src/transports/redis/key_value_commands.ts";
import {
  DEFAULT_REDIS_OPTIONS,
  type RedisOptions,
} from "../../../../src/transports/redis/options.ts";

const envelope = Buffer.from("{}");

function commandsWith(options: Partial<RedisOptions> = {}) {
  return new KeyValueCommands({ ...DEFAULT_REDIS_OPTIONS, keyPrefix: "ward", ...options });
}

/** An envelope of a time in milliseconds since the Unix epoch. */
function stored(topic: StoredEnvelope["topic"], ms: number): StoredEnvelope {
  return { topic, timestamp: ms * 1000, envelope };
}

Deno.test("KeyValueCommands store the newest envelope and append it under its capture time in ms", () => {
  const commands = commandsWith({ keyTtlSeconds: 120, historySeconds: 60 });
  assert.deepEqual(commands.commandsFor(stored("status", 100_000.999)).slice(0, 2), [
    ["SET", "ward:status", envelope, "EX", 120],
    ["XADD", "ward:status:history", "MINID", "~", 40_000, "100000-*", "envelope", envelope],
  ]);
});

Deno.test("KeyValueCommands keep for an hour and 100,000 entries by default", () => {
  const [latest, entry, trim, expire] = commandsWith().commandsFor(stored("status", 4_000_000));
  assert.deepEqual(latest?.slice(-2), ["EX", 3600]);
  assert.equal(entry?.[4], 400_000);
  assert.deepEqual(trim, ["XTRIM", "ward:status:history", "MAXLEN", "~", 100_000]);
  assert.deepEqual(expire, ["EXPIRE", "ward:status:history", 3660]);
});

Deno.test("KeyValueCommands trim from the Unix epoch at the earliest", () => {
  const [, entry] = commandsWith({ historySeconds: 60 }).commandsFor(stored("status", 59_000));
  assert.equal(entry?.[4], 0);
});

Deno.test("KeyValueCommands trim by count and renew the expiry once per 100 entries", () => {
  const commands = commandsWith({ historyMaxEntries: 7, historySeconds: 30 });
  const trims = Array.from({ length: 201 }, (_, index) => {
    return commands.commandsFor(stored("core_metrics", index)).length === 4 ? [index] : [];
  }).flat();
  assert.deepEqual(trims, [0, 100, 200]);
});

Deno.test("KeyValueCommands keep a frame for 10 s at most, without a history by default", () => {
  for (
    const { keyTtlSeconds, ttl } of [
      { keyTtlSeconds: 9, ttl: 9 },
      { keyTtlSeconds: 11, ttl: 10 },
    ]
  ) {
    assert.deepEqual(commandsWith({ keyTtlSeconds }).commandsFor(stored("frame", 1)), [
      ["SET", "ward:frame", envelope, "EX", ttl],
    ]);
  }
});

Deno.test("KeyValueCommands keep a history of frames on request", () => {
  const commands = commandsWith({ historyFrames: true });
  assert.deepEqual(commands.commandsFor(stored("frame", 1)).map(([name]) => name), [
    "SET",
    "XADD",
    "XTRIM",
    "EXPIRE",
  ]);
});

Deno.test("KeyValueCommands.lateEntry() appends under an id of Redis", () => {
  assert.deepEqual(commandsWith().lateEntry(stored("status", 1)), [
    "XADD",
    "ward:status:history",
    "*",
    "envelope",
    envelope,
  ]);
});

Deno.test("isLateEntry() recognizes the rejection of an id, and no other error", () => {
  const late = "ERR The ID specified in XADD is equal or smaller than the target stream top item";
  assert.equal(isLateEntry(new Error(late)), true);
  assert.equal(isLateEntry(new Error("ERR Invalid stream ID specified")), true);
  assert.equal(isLateEntry(new Error("OOM command not allowed")), false);
  assert.equal(isLateEntry(late), false);
});
