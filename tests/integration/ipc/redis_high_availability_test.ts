import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { coreMetric, type Received } from "../../support/messages.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const CHANNEL = "physiology:core_metrics";

function startSentinel(master: RedisServer): Promise<RedisServer> {
  return startRedis({
    config: [
      `sentinel monitor vitals ${master.hostname} ${master.port} 1`,
      "sentinel down-after-milliseconds vitals 500",
      "sentinel failover-timeout vitals 2000",
    ].join("\n"),
    args: ["--sentinel"],
  });
}

function listen(client: Redis, received: Received[]): void {
  client.on("message", (_channel, text) => received.push(JSON.parse(text)));
  client.on("smessage", (_channel, text) => received.push(JSON.parse(text)));
}

function sequencesOf(received: readonly Received[]): Set<number> {
  return new Set(received.map(({ payload }) => payload.metadata?.sequence ?? 0));
}

Deno.test("a Sentinel's failover is followed within 5 s, and costs no metric", async () => {
  await using master = await startRedis();
  await using replica = await startRedis({
    args: ["--replicaof", master.hostname, `${master.port}`],
  });
  await using sentinel = await startSentinel(master);
  const asked = sentinel.client();
  await waitFor("the Sentinel to know the replica", async () => {
    const replicas = await asked.call("SENTINEL", "REPLICAS", "vitals") as unknown[];
    const text = JSON.stringify(replicas);
    return replicas.length === 1 && text.includes('"master-link-status","ok"');
  }, { timeoutMs: 30_000, pollMs: 100 });

  const received: Received[] = [];
  const subscriber = master.client(optionsOf(sentinel));
  listen(subscriber, received);
  await subscriber.subscribe(CHANNEL);
  await using ends = startOutbox(
    optionsFor(sentinel, {
      sentinelName: "vitals",
      sentinels: [`${sentinel.hostname}:${sentinel.port}`],
    }),
  );
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 20);
  try {
    await waitFor("metrics", () => received.length > 10);
    await master.kill();
    const killed = performance.now();
    await waitFor("the loss", () => !ends.backend.ready);
    await waitFor("the new master", () => ends.backend.ready, { timeoutMs: 15_000 });
    assert.ok(performance.now() - killed < 5000, `${performance.now() - killed} ms`);
    const before = sequence;
    await waitFor("live metrics", () => sequencesOf(received).has(before + 5));
  } finally {
    clearInterval(timer);
  }
  await waitFor("every metric", () => sequencesOf(received).size === sequence);
  assert.match(await replica.client().info("replication"), /role:master/);
});

function optionsOf(sentinel: RedisServer) {
  return {
    sentinels: [{ host: sentinel.hostname, port: sentinel.port }],
    name: "vitals",
    sentinelRetryStrategy: () => 100,
  };
}

Deno.test("in a cluster sharded messages follow their slot when it moves, and none is lost", async () => {
  await using cluster = await startCluster();
  const owner = await cluster.ownerOf(CHANNEL);
  const other = (owner + 1) % cluster.nodes.length;
  const received: Received[] = [];
  const [before, after] = [cluster.nodes[owner], cluster.nodes[other]];
  assert.ok(before && after);
  const first = before.client({ autoResubscribe: false });
  listen(first, received);
  await first.ssubscribe(CHANNEL);
  await using ends = startOutbox(optionsFor(before, { cluster: true, shardedPublish: true }));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 20);
  try {
    await waitFor("metrics", () => received.length > 10);
    await cluster.moveSlot(CHANNEL, other);
    const moved = performance.now();
    const second = after.client();
    listen(second, received);
    await second.ssubscribe(CHANNEL);
    const rejoined = sequence;
    await waitFor("metrics by the other node", () => sequencesOf(received).has(rejoined + 5));
    assert.ok(performance.now() - moved < 5000);
    assert.equal(ends.outbox.trouble, undefined);
  } finally {
    clearInterval(timer);
  }
  await waitFor("every metric", () => sequencesOf(received).size === sequence);
});

Deno.test("in a cluster PUBLISH reaches the subscribers of every node, in order", async () => {
  await using cluster = await startCluster();
  const received: Received[] = [];
  const [first, second, third] = cluster.nodes;
  assert.ok(first && second && third);
  const subscriber = third.client();
  listen(subscriber, received);
  await subscriber.subscribe(CHANNEL);
  await using ends = startOutbox(optionsFor(first, { cluster: true }));
  await waitFor("a connection", () => ends.backend.ready);
  for (let sequence = 1; sequence <= 100; sequence++) ends.outbox.offer(coreMetric(sequence));
  await waitFor("all of them", () => received.length === 100);
  const order = received.map(({ payload }) => payload.metadata?.sequence ?? 0);
  assert.deepEqual(order, order.toSorted((a, b) => a - b));
  assert.equal(ends.outbox.framesWanted, true);
});

Deno.test("in a cluster keys and streams go where their slots are", async () => {
  await using cluster = await startCluster();
  const [first] = cluster.nodes;
  assert.ok(first);
  await using ends = startOutbox(optionsFor(first, { cluster: true, usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  for (let sequence = 1; sequence <= 20; sequence++) ends.outbox.offer(coreMetric(sequence));
  const owner = cluster.nodes[await cluster.ownerOf(`${CHANNEL}:history`)];
  assert.ok(owner);
  const client = owner.client();
  await waitFor("the history", async () => await client.xlen(`${CHANNEL}:history`) === 20);
});
