import assert from "node:assert/strict";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { RedisReader } from "../../../src/transports/redis/reader.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { ACL_PATH, aclPassword, SENTINEL_ACL_PATH } from "../../support/redis_acl.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { everyFeatureWorks } from "../../support/redis_features.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const AS_SHIPPED = ["--aclfile", ACL_PATH];

function login(user: string, more: Partial<RedisOptions> = {}): Partial<RedisOptions> {
  return { username: user, password: aclPassword(user), ...more };
}

/** Commands that a server has denied, apart from the optional name of the client library. */
async function deniedBy(server: RedisServer): Promise<string[]> {
  const denials = (await server.client().acl("LOG") as unknown[]).map((each) =>
    JSON.stringify(each)
  );
  return denials.filter((text) => !text.includes("client|setinfo"));
}

/** Uses everything that `record` and `dashboard` use. */
async function readEverything(options: RedisOptions): Promise<void> {
  await using reader = new RedisReader({ redis: options, log: silentLog, onMessage: () => {} });
  await reader.subscribe("physiology:core_metrics", "physiology:frame");
  await reader.unsubscribe("physiology:frame");
  if (!options.shardedPublish) await reader.subscribePattern("physiology:status");
  await waitFor(
    "a connection for commands",
    () => reader.get("physiology:frame").then(() => true, () => false),
  );
  await reader.keys("physiology:*");
  await reader.newestEntry("physiology:status:history");
  await reader.readEntries(new Map([["physiology:status:history", "0-0"]]), 1);
  await reader.pushCommand("physiology", { recording: false });
}

const SERVING = [
  ["physiology_publisher", {}],
  ["physiology_publisher", { database: 3 }],
  ["physiology_publisher", { shardedPublish: true }],
  ["physiology_keeper", { usePubsub: false }],
  ["physiology_keeper", { usePubsub: false, database: 3 }],
] as const;

Deno.test("config/redis.acl is loaded as it is, and its users may do what each mode needs", async () => {
  await using server = await startRedis({ args: AS_SHIPPED });
  for (const [user, mode] of SERVING) {
    const works = await everyFeatureWorks(server, optionsFor(server, login(user, mode)));
    assert(works, `${user} with ${JSON.stringify(mode)}: ${await deniedBy(server)}`);
  }
  for (const mode of [{}, { database: 3 }, { shardedPublish: true }]) {
    await readEverything(optionsFor(server, login("physiology_reader", mode)));
  }
  assert.deepEqual(await deniedBy(server), []);
});

Deno.test("config/redis.acl can be included by redis.conf", async () => {
  await using server = await startRedis({ config: `include ${ACL_PATH}\n` });
  const users = await server.client().acl("USERS") as string[];
  assert.deepEqual(users.toSorted(), [
    "default",
    "physiology_keeper",
    "physiology_publisher",
    "physiology_reader",
  ]);
});

Deno.test("config/redis.acl grants what a cluster needs", async () => {
  await using cluster = await startCluster(3, AS_SHIPPED);
  const [node] = cluster.nodes;
  assert(node);
  for (
    const [user, mode] of [
      ["physiology_publisher", { cluster: true }],
      ["physiology_publisher", { cluster: true, shardedPublish: true }],
      ["physiology_keeper", { cluster: true, usePubsub: false }],
    ] as const
  ) {
    const works = await everyFeatureWorks(cluster, optionsFor(node, login(user, mode)));
    assert(works, `${user} with ${JSON.stringify(mode)}`);
  }
  for (const shardedPublish of [false, true]) {
    const mode = { cluster: true, shardedPublish };
    await readEverything(optionsFor(node, login("physiology_reader", mode)));
  }
  const denied = await Promise.all(cluster.nodes.map(deniedBy));
  assert.deepEqual(denied.flat(), []);
});

Deno.test("config/redis_sentinel.acl is loaded by a Sentinel as it is, with users for both", async () => {
  await using master = await startRedis({ args: AS_SHIPPED });
  await using sentinel = await startRedis({
    config: `sentinel monitor vitals ${master.hostname} ${master.port} 1\n`,
    args: ["--sentinel", "--aclfile", SENTINEL_ACL_PATH],
  });
  const name = "physiology_seeker";
  const options = optionsFor(sentinel, {
    ...login("physiology_publisher"),
    sentinelName: "vitals",
    sentinels: [`${sentinel.hostname}:${sentinel.port}`],
    sentinelUsername: name,
    sentinelPassword: aclPassword(name, SENTINEL_ACL_PATH),
  });
  await using ends = startOutbox(options);
  await waitFor("a connection", () => ends.backend.ready);
  assert.deepEqual([...await deniedBy(master), ...await deniedBy(sentinel)], []);
});
