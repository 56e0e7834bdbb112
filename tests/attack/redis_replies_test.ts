import assert from "node:assert/strict";
import { RedisReader } from "../../src/transports/redis/reader.ts";
import { RedisLink } from "../../src/transports/redis/redis_link.ts";
import { CommandQueue } from "../../src/transports/redis/command_queue.ts";
import { SystemClock } from "../../src/telemetry/clock.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { CollectingLog } from "../support/collecting_log.ts";
import { FloodingBroker } from "../support/flooding_broker.ts";
import { optionsFor } from "../support/redis_outbox.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const MB = 1 << 20;
/** The largest string that the default limits accept. */
const STRING_BYTES = 10 * MB;
/** A message of the maximum size, what a reply may have beside it, and the buffers of the sockets. */
const MAX_BYTES = 40 * MB;

Deno.test("RedisLink closes a connection that sends a list of messages, each below the limit", async () => {
  await using broker = new FloodingBroker({ answers: "PUBSUB", stringBytes: STRING_BYTES });
  await using link = new RedisLink("metrics", { options: optionsFor(broker), log: silentLog });
  link.start();
  await waitFor("the link", () => link.ready);
  await assert.rejects(link.call(["PUBSUB", "NUMSUB", "a"]));
  assert.match(link.problem?.message ?? "", /larger than \d+ bytes in sum/);
  await waitFor("the end of the flood", () => broker.floods === 0);
  assert(broker.sentBytes < MAX_BYTES, `${broker.sentBytes} bytes`);
});

Deno.test("RedisLink closes a connection that hides the length of a list from its limits", async () => {
  // 4, LF and 5000000 are 25,000,000 for a decoder that takes any byte for a digit: 200 MB of places.
  await using broker = new FloodingBroker({ answers: "PUBSUB", reply: "*4\n5000000\r\n" });
  await using link = new RedisLink("metrics", { options: optionsFor(broker), log: silentLog });
  link.start();
  await waitFor("the link", () => link.ready);
  const before = Deno.memoryUsage().rss;
  await assert.rejects(link.call(["PUBSUB", "NUMSUB", "a"]));
  assert.match(link.problem?.message ?? "", /a line that is not valid RESP/);
  const grown = Deno.memoryUsage().rss - before;
  assert(grown < MAX_BYTES, `${grown} bytes`);
});

Deno.test("RedisReader closes a connection that sends a history of messages, each below the limit", async () => {
  await using broker = new FloodingBroker({ answers: "XREAD", stringBytes: STRING_BYTES });
  await using reader = new RedisReader({
    redis: optionsFor(broker),
    log: silentLog,
    onMessage: () => {},
  });
  await waitFor("the reader", () => reader.ready);
  await assert.rejects(reader.readEntries(new Map([["a", "0-0"]]), 100));
  await waitFor("the end of the flood", () => broker.floods === 0);
  assert(broker.sentBytes < MAX_BYTES, `${broker.sentBytes} bytes`);
});

Deno.test("CommandQueue accepts no more than 64 KiB from a list of commands, and takes the next command", async () => {
  await using server = await startRedis();
  const log = new CollectingLog();
  const taken: string[] = [];
  await using queue = new CommandQueue(optionsFor(server), {
    log,
    clock: new SystemClock(),
    onCommand: (bytes) => taken.push(new TextDecoder().decode(bytes)),
  });
  const client = server.client();
  for (const size of [8 * MB, 65_536]) {
    await client.lpush("physiology:command_queue", "x".repeat(size));
  }
  await client.lpush("physiology:command_queue", "next");
  queue.start();
  await waitFor("the next command", () => taken.length > 0);
  assert.deepEqual(taken, ["next"]);
  assert.match(log.lines.join("\n"), /Dropped a recording command .*: it is too large/);
});
