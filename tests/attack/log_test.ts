import assert from "node:assert/strict";
import { LineLog } from "../../src/telemetry/log.ts";
import { RedisLink } from "../../src/transports/redis/redis_link.ts";
import { FakeRedis } from "../support/fake_redis.ts";
import { startProgram } from "../support/physiology_server.ts";
import { optionsFor } from "../support/redis_outbox.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

Deno.test("serve logs a flood of recording commands in a few lines, and no session id", async () => {
  await using broker = await startRedis();
  await using server = startProgram([
    "--simulate",
    "--redis_host=127.0.0.1",
    `--redis_port=${broker.port}`,
  ]);
  const client = broker.client();
  const commands = Array.from(
    { length: 2000 },
    (_, number) => JSON.stringify({ recording: true, session_id: `Ann Lee ${number}` }),
  );
  await client.lpush("physiology:command_queue", ...commands);
  await client.lpush("physiology:command_queue", ...Array(1000).fill("\u202e\x1b[2J"));
  await client.lpush("physiology:command_queue", '{"recording": false}');
  await waitFor("the last command", async () => {
    return server.stderr.includes("Recording stopped") &&
      await client.llen("physiology:command_queue") === 0;
  }, { timeoutMs: 60_000 });
  const lines = server.stderr.split("\n");
  assert(lines.length < 100, `${lines.length} lines`);
  assert(lines.some((line) => /Recording started .*session_id="#[0-9a-f]{12}"/.test(line)));
  assert(!server.stderr.includes("Ann Lee"));
});

Deno.test("LineLog shows an error reply of a hostile broker as text on one line", async () => {
  await using broker = new FakeRedis();
  broker.reply = ([name]) =>
    name === "PING" ? "-ERR \x1b]0;owned\x07\x1b[2J\u202eevil\u2028<3>forged\r\n" : undefined;
  const lines: string[] = [];
  const log = new LineLog({ journal: true, write: (line) => void lines.push(line) });
  await using link = new RedisLink("metrics", { options: optionsFor(broker), log });
  link.start();
  await waitFor("a line", () => lines.find((line) => line.includes("owned")));
  for (const line of lines) {
    assert.match(line, /^<\d>Cannot use Redis at [^\n]*\n$/);
    assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  }
});
