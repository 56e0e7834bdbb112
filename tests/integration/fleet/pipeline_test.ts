import assert from "node:assert/strict";
import { runPipeline } from "../../support/fleet_pipeline.ts";
import { runFleet } from "../../support/fleet.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("analytics_worker.py stores each message once, while workers are killed", async () => {
  await using server = await startRedis();
  const result = await runPipeline(server, {
    devices: 6,
    workers: 3,
    seconds: 4,
    killEveryS: 1,
    claimAfterS: 1,
  });
  assert.ok(result.killed >= 1 && result.published > 100, JSON.stringify(result));
  assert.equal(result.stored, result.published);
  assert.equal(result.different, result.published);
});

Deno.test("analytics_worker.py reads partitioned streams of a cluster, one command for each partition", async () => {
  await using cluster = await startCluster();
  const [node] = cluster.nodes;
  assert.ok(node);
  const reads: string[][] = [];
  await using monitors = new AsyncDisposableStack();
  for (const node of cluster.nodes) {
    const monitor = await node.client().monitor();
    monitors.defer(() => monitor.disconnect());
    monitor.on("monitor", (_time: string, command: string[]) => {
      if (command[0]?.toLowerCase() === "xreadgroup") reads.push(command);
    });
  }
  await using _worker = new Program(PYTHON, [
    new URL("../../../integrations/fleet/analytics_worker.py", import.meta.url).pathname,
    "--redis_host=127.0.0.1",
    `--redis_port=${node.port}`,
    "--redis_cluster",
    "--devices={p*}:fleet-*",
    "--search_interval_s=0.5",
  ]);
  const { published } = await runFleet(
    node,
    "--devices=12",
    "--noredis_use_pubsub",
    "--redis_cluster",
    "--redis_partitions=4",
    "--fleet_role=publish",
    "--duration=2",
  );
  assert.ok(published > 0);
  const clients = cluster.nodes.map((each) => each.client());
  const lengths = async (pattern: string) => {
    const perNode = clients.map(async (client) => {
      const keys = await client.keys(pattern);
      return await Promise.all(keys.map(async (key) => [key, await client.xlen(key)] as const));
    });
    return (await Promise.all(perNode)).flat();
  };
  const sum = (counts: readonly (readonly [string, number])[]) =>
    counts.reduce((total, [, count]) => total + count, 0);
  const streams = await lengths("{p*}:fleet-*:core_metrics:history");
  assert.equal(streams.length, 12);
  const partitions = Map.groupBy(streams, ([stream]) => stream.split("}")[0]);
  const largest = Math.max(...[...partitions.values()].map(({ length }) => length));
  assert.ok(largest > 1);
  await waitFor(
    "a result of each core metric",
    async () => sum(await lengths("*:analytics:results")) === sum(streams),
    { timeoutMs: 60_000 },
  );
  const streamsOf = (command: readonly string[]) =>
    command.filter((each) => /:history$/.test(each));
  assert.equal(Math.max(...reads.map((command) => streamsOf(command).length)), largest);
});
