import assert from "node:assert/strict";
import type { Redis } from "ioredis";
import { makeCertificates } from "../../support/certificates.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { coreMetric, type Received } from "../../support/messages.ts";
import { aclRules } from "../../support/redis_acl.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { freePort, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const CHANNEL = "physiology:core_metrics";

function startSentinel(
  master: { readonly hostname: string; readonly port: number },
  lines: readonly string[] = [],
): Promise<RedisServer> {
  return startRedis({
    config: [
      `sentinel monitor vitals ${master.hostname} ${master.port} 1`,
      "sentinel down-after-milliseconds vitals 500",
      "sentinel failover-timeout vitals 2000",
      ...lines,
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

Deno.test("Sentinels have a user and a password of their own, with the rights of config/redis.acl", async () => {
  await using master = await startRedis({ args: ["--requirepass", "master"] });
  await using sentinel = await startSentinel(master, [
    "sentinel auth-pass vitals master",
    "user default off",
    `user seeker ${aclRules("physiology_seeker", "seek").join(" ")}`,
    "user admin on >admin +@all",
  ]);
  const options = optionsFor(sentinel, {
    sentinelName: "vitals",
    sentinels: [`${sentinel.hostname}:${sentinel.port}`],
    password: "master",
    sentinelUsername: "seeker",
  });
  {
    await using ends = startOutbox({ ...options, sentinelPassword: "wrong" });
    await waitFor("the trouble", () => ends.outbox.trouble);
    assert.match(ends.outbox.trouble ?? "", /--redis_sentinel_password/);
    assert.equal(ends.backend.ready, false);
  }
  await using ends = startOutbox({ ...options, sentinelPassword: "seek" });
  await waitFor("a connection", () => ends.backend.ready);
  const admin = sentinel.client({ username: "admin", password: "admin" });
  await waitFor("a subscription to failovers", async () => {
    const clients = String(await admin.client("LIST"));
    return clients.split("\n").some((line) => /user=seeker/.test(line) && / sub=1 /.test(line));
  });
  const denied = (await admin.acl("LOG") as unknown[]).map((entry) => JSON.stringify(entry))
    // The wrong password of before, and the library's name, without which it does.
    .filter((text) => !/"reason","auth"|client\|setinfo/.test(text));
  assert.deepEqual(denied, []);
});

Deno.test("master and Sentinels are reached by TLS, each by its own name", async () => {
  using folder = temporaryFolder();
  const { ca, server, client } = makeCertificates(folder.path);
  const tls = [
    ...["--tls-cert-file", server.cert, "--tls-key-file", server.key, "--tls-ca-cert-file", ca],
    ...["--tls-replication", "yes"],
  ];
  const [masterPort, sentinelPort] = [freePort(), freePort()];
  await using _master = await startRedis({ args: ["--tls-port", `${masterPort}`, ...tls] });
  await using _sentinel = await startRedis({
    config: `sentinel monitor vitals 127.0.0.1 ${masterPort} 1`,
    args: ["--sentinel", "--tls-port", `${sentinelPort}`, ...tls],
  });
  await using ends = startOutbox(optionsFor({ port: 1 }, {
    host: "localhost", // of no concern here, and no name that a certificate must bear
    sentinelName: "vitals",
    sentinels: [`127.0.0.1:${sentinelPort}`],
    tls: true,
    tlsCaPath: ca,
    tlsCertPath: client.cert,
    tlsKeyPath: client.key,
  }));
  await waitFor("a connection", () => ends.backend.ready);
  ends.outbox.offer(coreMetric(1));
  await waitFor("the metric", () => ends.counters.get("outbox_sent_total", { class: "metric" }));
});

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

for (const [way, fault] of [["channels", "die"], ["streams", "die"], ["channels", "freeze"]]) {
  const usePubsub = way === "channels";
  Deno.test(`in a cluster the master that is configured may ${fault}: its replica takes over (${way})`, async () => {
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
      // The nodes themselves take 2 to 4 s to miss a master and to elect another.
      assert.ok(tookMs < 8000, `it took ${tookMs.toFixed(0)} ms`);
    } finally {
      clearInterval(timer);
    }
    await ends.outbox.flush(5000);
    assert.equal(ends.dropped("metric"), 0);
    if (usePubsub) {
      return void await waitFor("every metric", () => sequencesOf(received).size === sequence);
    }
    const entries = await replica.client().xrange(history, "-", "+") as [string, string[]][];
    const found = new Set(
      entries.map(([, [, text = ""]]) => JSON.parse(text).payload.metadata.sequence as number),
    );
    // What a master acknowledged and had not yet handed on dies with it.
    assert.ok(sequence - found.size <= 1, `${sequence - found.size} are missing`);
  });
}

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

Deno.test("in a cluster a history goes on in one piece when its slot moves with it", async () => {
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
    const moved = performance.now();
    await cluster.migrateSlot(history, { from: owner, to: other });
    const rejoined = sequence;
    await waitFor("entries at the other node", () => sequence > rejoined + 20);
    await ends.outbox.flush(2000);
    assert.ok(performance.now() - moved < 5000);
    assert.equal(ends.outbox.trouble, undefined);
  } finally {
    clearInterval(timer);
  }
  await ends.outbox.flush(2000);
  const found = (await entriesAt(after)).map(([, [, text]]) =>
    JSON.parse(text).payload.metadata.sequence as number
  );
  assert.deepEqual([...new Set(found)], Array.from({ length: sequence }, (_, index) => index + 1));
});
