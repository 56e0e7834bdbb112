import assert from "node:assert/strict";
import { CommandQueue } from "../../../src/transports/redis/command_queue.ts";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { clock, coreMetric, edgeMetric, frame, statusMessage } from "../../support/messages.ts";
import { aclRules } from "../../support/redis_acl.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

async function allow(server: RedisServer, user: string, rules: readonly string[]): Promise<void> {
  const admin = server.client();
  await admin.acl("SETUSER", user, "reset");
  await admin.acl("SETUSER", user, ...rules);
}

/** Uses every feature of one mode; returns whether every message arrived. */
async function allWorks(server: RedisServer, options: RedisOptions): Promise<boolean> {
  const commands: Uint8Array[] = [];
  const producer = server.client();
  await using queue = new CommandQueue(options, {
    log: silentLog,
    clock,
    onCommand: (bytes) => commands.push(bytes),
  });
  queue.start();
  await using ends = startOutbox(options);
  const sent = (kind: string) => ends.counters.get("outbox_sent_total", { class: kind });
  const deadline = performance.now() + 700;
  while (performance.now() < deadline && !(ends.backend.ready && ends.framesReady())) {
    await clock.sleep(5);
  }
  for (const topic of [coreMetric(1), edgeMetric(1), statusMessage("status", 1)]) {
    ends.outbox.offer(topic);
  }
  ends.outbox.offer(statusMessage("recording_state", 1));
  ends.outbox.offer(frame(1));
  await producer.lpush("physiology:command_queue", "a");
  await producer.lpush("physiology:metrics:command_queue", "b");
  while (performance.now() < deadline) {
    if (sent("metric") === 4 && sent("frame") === 1 && commands.length === 2) return true;
    await clock.sleep(5);
  }
  return false;
}

for (
  const [user, usePubsub] of [["physiology_publisher", true], ["physiology_keeper", false]] as const
) {
  Deno.test(`config/redis.acl grants ${user} the rules that the server needs and no others`, async () => {
    await using server = await startRedis();
    const options = optionsFor(server, { username: user, password: "secret", usePubsub });
    const rules = aclRules(user);
    await allow(server, user, rules);
    await waitFor("every feature", () => allWorks(server, options));
    const admin = server.client();
    const unused = [];
    for (const rule of rules) {
      if (!/^[+~&]/.test(rule) || OPTIONAL.has(rule)) continue;
      await admin.flushall();
      await admin.acl("LOG", "RESET");
      await allow(server, user, rules.filter((other) => other !== rule));
      await allWorks(server, options);
      // Some calls may fail silently, such as naming the client: the ACL log shows them.
      const denied = (await admin.acl("LOG")) as unknown[];
      if (denied.length === 0) unused.push(rule);
    }
    assert.deepEqual(unused, []);
  });
}

/** Rules that only a separate option needs. */
const OPTIONAL = new Set(["+spublish"]);
