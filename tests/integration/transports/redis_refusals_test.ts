/** Servers that reply with an error: the message names the fix, and no metric is lost. */
import assert from "node:assert/strict";
import { coreMetric } from "../../support/messages.ts";
import { optionsFor, startOutbox, subscribe } from "../../support/redis_outbox.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("RedisBackend keeps metrics while Redis is out of memory", async () => {
  await using server = await startRedis();
  await using ends = startOutbox(optionsFor(server, { usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  const admin = server.client();
  await admin.config("SET", "maxmemory", "1");
  ends.outbox.offer(coreMetric(1));
  await waitFor(
    "the problem",
    () => /memory \(OOM\): raise maxmemory/.test(ends.outbox.problem ?? ""),
  );
  await admin.config("SET", "maxmemory", "0");
  await waitFor("the metric", () => admin.get("physiology:core_metrics"));
  await waitFor("recovery", () => ends.outbox.problem === undefined);
});

Deno.test("RedisBackend keeps metrics while Redis is a read-only replica", async () => {
  await using master = await startRedis();
  await using replica = await startRedis({
    args: ["--replicaof", master.hostname, `${master.port}`],
  });
  await using ends = startOutbox(optionsFor(replica, { usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  ends.outbox.offer(coreMetric(1));
  await waitFor("the problem", () => /read-only replica/.test(ends.outbox.problem ?? ""));
  await replica.client().call("REPLICAOF", "NO", "ONE");
  await waitFor("the metric", () => replica.client().get("physiology:core_metrics"));
  await waitFor("recovery", () => ends.outbox.problem === undefined);
});

Deno.test("RedisBackend keeps metrics while an ACL permission is missing", async () => {
  await using server = await startRedis();
  const admin = server.client();
  const rules = ["on", ">secret", "+ping", "+client|setname", "+publish", "resetchannels"];
  await admin.acl("SETUSER", "ours", ...rules);
  const received = await subscribe(server, "physiology:core_metrics");
  await using ends = startOutbox(optionsFor(server, { username: "ours", password: "secret" }));
  await waitFor("a connection", () => ends.backend.ready);
  ends.outbox.offer(coreMetric(1));
  await waitFor(
    "the problem",
    () => /lacks a permission.*redis\.acl/.test(ends.outbox.problem ?? ""),
  );
  await admin.acl("SETUSER", "ours", "&physiology:*");
  await waitFor("the metric", () => received.length === 1);
  await waitFor("recovery", () => ends.outbox.problem === undefined);
});

Deno.test("RedisBackend keeps metrics while Redis loads its data", async () => {
  await using server = await startRedis();
  const admin = server.client();
  await admin.mset(Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [index, "x"])));
  await admin.save();
  await server.kill();
  const loading = server.restart([
    "--key-load-delay",
    "500",
    "--loading-process-events-interval-bytes",
    "1024",
  ]);
  await using ends = startOutbox(optionsFor(server));
  ends.outbox.offer(coreMetric(1));
  await waitFor("the problem", () => /loading its data from disk/.test(ends.outbox.problem ?? ""));
  await loading;
  const received = await subscribe(server, "physiology:core_metrics");
  await waitFor("the metric", () => received.length === 1);
  await waitFor("recovery", () => ends.outbox.problem === undefined);
});

Deno.test("RedisBackend keeps metrics while Redis cannot save to its disk", async () => {
  await using server = await startRedis();
  const admin = server.client();
  await using ends = startOutbox(optionsFor(server, { usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  await admin.config("SET", "save", "3600 1");
  // A folder at the path of the dump: nothing can be renamed onto it.
  Deno.mkdirSync(`${server.folder}/dump.rdb/in_the_way`, { recursive: true });
  await admin.set("key", "value");
  await admin.bgsave();
  await waitFor("the failed save", async () => {
    return (await admin.info("persistence")).includes("rdb_last_bgsave_status:err");
  });
  ends.outbox.offer(coreMetric(1));
  await waitFor("the problem", () => /cannot save to its disk/.test(ends.outbox.problem ?? ""));
  await admin.config("SET", "stop-writes-on-bgsave-error", "no");
  await waitFor("the metric", () => admin.get("physiology:core_metrics"));
  assert.equal(ends.dropped("metric"), 0);
});
