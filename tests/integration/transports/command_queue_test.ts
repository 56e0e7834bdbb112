import assert from "node:assert/strict";
import { CommandQueue } from "../../../src/transports/redis/command_queue.ts";
import { DEFAULT_REDIS_OPTIONS } from "../../../src/transports/redis/options.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { clock } from "../../support/messages.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("CommandQueue handles commands of both lists in the order of LPUSH, also after a restart of Redis", async () => {
  await using server = await startRedis();
  const taken: string[] = [];
  await using queue = new CommandQueue(
    { ...DEFAULT_REDIS_OPTIONS, host: "127.0.0.1", port: server.port },
    {
      log: silentLog,
      clock,
      onCommand: (bytes) => {
        taken.push(new TextDecoder().decode(bytes));
        if (taken.length === 1) throw new Error("an invalid command");
      },
    },
  );
  const producer = server.client();
  await producer.lpush("physiology:command_queue", "one", "two");
  queue.start();
  await waitFor("two commands", () => taken.length === 2);
  await producer.lpush("physiology:metrics:command_queue", "three");
  await waitFor("the third command", () => taken.length === 3);
  await server.kill();
  await server.restart();
  await waitFor("a producer", () => producer.status === "ready");
  await producer.lpush("physiology:command_queue", "four");
  await waitFor("the fourth command", () => taken.length === 4);
  // A reply of over 64 KiB ends the connection, and its command is lost.
  await producer.lpush("physiology:command_queue", "x".repeat(100_000), "six");
  await waitFor("the last command", () => taken.length === 5);
  assert.deepEqual(taken, ["one", "two", "three", "four", "six"]);
});
