import assert from "node:assert/strict";
import { CommandQueue } from "../../../src/transports/redis/command_queue.ts";
import { RedisReader } from "../../../src/transports/redis/reader.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import {
  clock,
  coreMetric,
  frame,
  listen,
  type Received,
  sequencesOf,
} from "../../support/messages.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { freePort, type RedisServer } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const CHANNEL = "physiology:core_metrics";

/** Asserts the order of live metrics. Replayed ones arrive beside them. */
function assertLiveInOrder(received: readonly Received[]): void {
  const live = received.filter(({ payload }) => !payload.metadata?.replayed)
    .map(({ payload }) => payload.metadata?.sequence ?? 0);
  assert.deepEqual(live, live.toSorted((a, b) => a - b));
}

Deno.test("RedisBackend follows a slot of a cluster that moves and loses no sharded message", async () => {
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
    const movedMs = performance.now();
    const second = after.client();
    listen(second, received);
    await second.ssubscribe(CHANNEL);
    const rejoined = sequence;
    await waitFor("metrics by the other node", () => sequencesOf(received).has(rejoined + 5));
    assert.ok(performance.now() - movedMs < 5000);
    assert.equal(ends.outbox.problem, undefined);
  } finally {
    clearInterval(timer);
  }
  await waitFor("every metric", () => sequencesOf(received).size === sequence);
});

Deno.test("RedisBackend reaches the subscribers of every node of a cluster by PUBLISH, in order", async () => {
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
});

Deno.test("RedisReader of a cluster holds the lease of the frames that it subscribes to", async () => {
  await using cluster = await startCluster();
  const [first, , third] = cluster.nodes;
  assert.ok(first && third);
  await using ends = startOutbox(optionsFor(first, { cluster: true }), { idleFrameIntervalMs: 0 });
  await waitFor("a connection", () => ends.backend.ready);
  let received = 0;
  await using reader = new RedisReader({
    redis: optionsFor(third, { cluster: true }),
    log: silentLog,
    onMessage: () => void received++,
  });
  const offered = setInterval(() => ends.outbox.framesWanted && ends.outbox.offer(frame(1)), 20);
  try {
    await reader.subscribe("physiology:frame");
    await waitFor("frames", () => received > 10);
    await reader.unsubscribe("physiology:frame");
    await waitFor("the end of the lease", () => !ends.outbox.framesWanted, { timeoutMs: 15_000 });
  } finally {
    clearInterval(offered);
  }
});

for (const [mode, fault] of [["channels", "die"], ["streams", "die"], ["channels", "freeze"]]) {
  const usePubsub = mode === "channels";
  Deno.test(`RedisBackend continues in a cluster when the configured master ${fault}s (${mode})`, async () => {
    await using cluster = await startCluster();
    const history = `${CHANNEL}:history`;
    const owner = await cluster.ownerOf(history);
    const [dying, living] = [cluster.nodes[owner], cluster.nodes[(owner + 1) % 3]];
    assert.ok(dying && living);
    await using replica = await cluster.startReplicaOf(dying);
    const received: Received[] = [];
    const subscriber = living.client();
    listen(subscriber, received);
    await subscriber.subscribe(CHANNEL);
    await using ends = startOutbox(optionsFor(dying, { cluster: true, usePubsub }));
    await waitFor("a connection", () => ends.backend.ready);
    let sequence = 0;
    const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 20);
    const sent = () => ends.counters.get("outbox_sent_total", { class: "metric" });
    try {
      await waitFor("metrics", () => sent() > 50);
      if (fault === "die") await dying.kill();
      else dying.freeze();
      const killedMs = performance.now();
      const before = sequence;
      await waitFor("metrics again", () => sent() > before + 10, { timeoutMs: 20_000 });
      const tookMs = performance.now() - killedMs;
      // The nodes themselves take 2 to 4 s to detect the failure and to elect a new master.
      assert.ok(tookMs < 8000, `it took ${tookMs.toFixed(0)} ms`);
    } finally {
      clearInterval(timer);
    }
    await ends.outbox.flush(5000);
    assert.equal(ends.dropped("metric"), 0);
    if (usePubsub) {
      await waitFor("every metric", () => sequencesOf(received).size === sequence);
      return assertLiveInOrder(received);
    }
    const entries = await replica.client().xrange(history, "-", "+") as [string, string[]][];
    const found = new Set(
      entries.map(([, [, text = ""]]) => JSON.parse(text).payload.metadata.sequence as number),
    );
    // A message that the master acknowledged but did not replicate is lost.
    assert.ok(sequence - found.size <= 1, `${sequence - found.size} are missing`);
  });
}

Deno.test("RedisBackend writes keys and streams of a cluster to the nodes of their slots", async () => {
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

Deno.test("RedisBackend continues a history of a cluster without a gap when its slot migrates", async () => {
  await using cluster = await startCluster();
  const history = `${CHANNEL}:history`;
  const owner = await cluster.ownerOf(history);
  const other = (owner + 1) % cluster.nodes.length;
  const [before, after] = [cluster.nodes[owner], cluster.nodes[other]];
  assert.ok(before && after);
  await using ends = startOutbox(optionsFor(before, { cluster: true, usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 20);
  const entriesAt = async (node: RedisServer) =>
    await node.client().call("XRANGE", history, "-", "+") as [string, [string, string]][];
  try {
    await waitFor("entries", async () => (await entriesAt(before)).length > 10);
    const movedMs = performance.now();
    await cluster.migrateSlot(history, { from: owner, to: other });
    const rejoined = sequence;
    await waitFor("entries at the other node", () => sequence > rejoined + 20);
    await ends.outbox.flush(2000);
    assert.ok(performance.now() - movedMs < 5000);
    assert.equal(ends.outbox.problem, undefined);
  } finally {
    clearInterval(timer);
  }
  await ends.outbox.flush(2000);
  const found = (await entriesAt(after)).map(([, [, text]]) => JSON.parse(text) as Received);
  assert.equal(sequencesOf(found).size, sequence);
  assertLiveInOrder(found);
});

Deno.test("RedisBackend reaches sharded subscribers of a replica after the master of their slot died", async () => {
  await using cluster = await startCluster();
  const dying = cluster.nodes[await cluster.ownerOf(CHANNEL)];
  assert.ok(dying);
  await using replica = await cluster.startReplicaOf(dying);
  const received: Received[] = [];
  const subscriber = replica.client();
  listen(subscriber, received);
  await subscriber.ssubscribe(CHANNEL);
  await using ends = startOutbox(optionsFor(dying, { cluster: true, shardedPublish: true }));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 20);
  try {
    await waitFor("metrics", () => received.length > 10);
    await dying.kill();
    const killedMs = performance.now();
    const before = sequence;
    await waitFor("metrics again", () => sequencesOf(received).has(before + 50), {
      timeoutMs: 20_000,
    });
    const tookMs = performance.now() - killedMs;
    assert.ok(tookMs < 8000, `it took ${tookMs.toFixed(0)} ms`);
  } finally {
    clearInterval(timer);
  }
  await waitFor("every metric", () => sequencesOf(received).size === sequence);
  assertLiveInOrder(received);
});

Deno.test("CommandQueue continues in a cluster when the master of its list dies", async () => {
  await using cluster = await startCluster();
  const key = "physiology:command_queue";
  const owner = await cluster.ownerOf(key);
  const [dying, living] = [cluster.nodes[owner], cluster.nodes[(owner + 1) % 3]];
  assert.ok(dying && living);
  await using replica = await cluster.startReplicaOf(dying);
  const taken: string[] = [];
  await using queue = new CommandQueue(optionsFor(living, { cluster: true }), {
    log: silentLog,
    clock,
    onCommand: (bytes) => taken.push(new TextDecoder().decode(bytes)),
  });
  queue.start();
  await dying.client().lpush(key, "one");
  await waitFor("the first command", () => taken.length === 1);
  await dying.kill();
  const producer = replica.client();
  await waitFor(
    "a new master",
    async () => await producer.lpush(key, "two").catch(() => undefined),
    {
      timeoutMs: 20_000,
      pollMs: 100,
    },
  );
  await waitFor("the second command", () => taken.length === 2, { timeoutMs: 20_000 });
  assert.deepEqual(taken, ["one", "two"]);
});

Deno.test("RedisBackend connects to a cluster if the first configured node is down", async () => {
  await using cluster = await startCluster();
  const clusterNodes = cluster.nodes.map(({ hostname, port }) => `${hostname}:${port}`);
  await using ends = startOutbox(optionsFor({ port: freePort() }, { cluster: true, clusterNodes }));
  await waitFor("a connection", () => ends.backend.ready);
  ends.outbox.offer(coreMetric(1));
  await waitFor("the metric", () => ends.counters.get("outbox_sent_total", { class: "metric" }));
});
