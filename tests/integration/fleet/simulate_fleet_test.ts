import assert from "node:assert/strict";
import { runFleet, startJudge, topicOf } from "../../support/fleet.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("simulate --devices publishes what redis-py receives, and reports the same", async () => {
  await using server = await startRedis();
  const judge = await startJudge(server, "fleet-*:core_metrics");
  const report = await runFleet(
    server,
    "--devices=25",
    "--watchers=8%",
    "--duration=2",
    "--edge_fps=5",
  );
  const verdict = await judge.end();
  const core = topicOf(report.observed, "core_metrics");
  assert.ok(core.received >= 225 && core.received <= 275, `${core.received}`);
  assert.deepEqual([core.lost, core.duplicates], [0, 0]);
  assert.deepEqual([verdict.received, verdict.duplicates], [core.received, 0]);
  assert.equal(verdict.series, 25);
  // The timestamps are those of the data: none is in the future.
  assert.ok(verdict.smallest_latency_s > -0.005);
  assert.equal(topicOf(report.observed, "status").received, 25);
  assert.ok(topicOf(report.observed, "edge_metrics").received > 200);
  const watched = topicOf(report.watched, "core_metrics");
  // Each device begins at a time of its own, so that one publishes 9 to 11 in 2 s.
  assert.ok(watched.received >= 18 && watched.received <= 22, `${watched.received}`);
  assert.deepEqual([watched.expected, watched.lost], [watched.received, 0]);
  assert.deepEqual([report.connections.total, report.outages, report.dropped], [4, [], {}]);
});

Deno.test("simulate --frame_bytes publishes frames of watched devices only", async () => {
  await using server = await startRedis();
  const report = await runFleet(
    server,
    "--devices=5",
    "--watchers=2",
    "--frame_bytes=20000",
    "--frame_fps=20",
    "--duration=2",
  );
  const frames = topicOf(report.watched, "frame");
  assert.equal(frames.lost, 0);
  assert.ok(frames.received > 40 && frames.received <= 82, `${frames.received}`);
  const others = report.published - frames.received;
  assert.ok(others < 5 * 12 + 5, "no frame was published for the other three devices");
});

Deno.test("simulate --own_connections loses nothing while Redis is killed", async () => {
  await using server = await startRedis();
  const running = runFleet(server, "--devices=8", "--own_connections", "--duration=6");
  const client = server.client();
  const messages: string[] = [];
  client.on("message", (_channel: string, text: string) => messages.push(text));
  await client.subscribe("fleet-8:core_metrics");
  await waitFor("messages", () => messages.length > 2);
  await server.kill();
  await server.restart();
  const report = await running;
  const core = topicOf(report.observed, "core_metrics");
  assert.equal(core.lost, 0);
  assert.ok(core.replayed > 0);
  assert.equal(report.connections.total, 16);
  const [outage] = report.outages;
  assert.ok(outage!.fewest_ready < 16, JSON.stringify(outage));
  assert.ok(outage!.all_back_s !== undefined, JSON.stringify(outage));
  assert.ok(outage!.readers_back_s !== undefined);
  assert.ok(report.connections.attempts >= 32);
});

Deno.test("simulate --noredis_use_pubsub writes streams, and reads them completely", async () => {
  await using server = await startRedis();
  const report = await runFleet(server, "--devices=6", "--noredis_use_pubsub", "--duration=2");
  const core = topicOf(report.observed, "core_metrics");
  assert.deepEqual([core.lost, core.duplicates], [0, 0]);
  const client = server.client();
  const streams = [1, 2, 3, 4, 5, 6].map((device) => `fleet-${device}:core_metrics:history`);
  const entries = await Promise.all(streams.map((stream) => client.xlen(stream)));
  assert.equal(entries.reduce((sum, count) => sum + count), core.received);
});

Deno.test("simulate --redis_sharded_publish loses nothing while a cluster node is killed", async () => {
  await using cluster = await startCluster(3);
  const [first, second] = cluster.nodes;
  const running = runFleet(
    first!,
    "--devices=12",
    "--redis_cluster",
    "--redis_sharded_publish",
    "--duration=6",
  );
  // A message without any subscriber before is lost to none: each device has had one.
  await waitFor("messages", async () => {
    const stats = String(await second!.client().info("commandstats"));
    return Number(/cmdstat_spublish:calls=(\d+)/.exec(stats)?.[1]) > 40;
  }, { timeoutMs: 30_000 });
  await second!.kill();
  await second!.restart();
  const report = await running;
  const core = topicOf(report.observed, "core_metrics");
  assert.equal(core.lost, 0);
  assert.ok(core.received > 300, `${core.received}`);
});
