import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import { reportJson } from "../../../src/fleet/report.ts";
import { runFleet } from "../../../src/fleet/run.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { redisOptions } from "../../../src/transports/redis/settings.ts";
import { type FleetJson, topicOf } from "../../support/fleet.ts";
import { startRedis } from "../../support/redis_server.ts";

/** Runs a fleet in this process against a Redis of its own for a second. */
async function runInProcess(...flags: readonly string[]): Promise<FleetJson> {
  await using server = await startRedis();
  const { settings } = load([
    "simulate",
    `--redis_host=${server.hostname}`,
    `--redis_port=${server.port}`,
    "--redis_key_prefix=fleet",
    "--warm_up=0",
    ...flags,
  ], { env: {}, readText: () => "" });
  const report = await runFleet({
    fleet: settings.fleet,
    redis: redisOptions(settings.redis),
    bufferDurationS: 0.1,
    durationS: 1,
    signal: new AbortController().signal,
    log: silentLog,
  });
  return JSON.parse(reportJson(report));
}

Deno.test("runFleet() delivers every message of shared connections, frames to watchers only", async () => {
  const report = await runInProcess(
    "--devices=6",
    "--watchers=2",
    "--edge_fps=10",
    "--frame_bytes=5000",
    "--frame_fps=10",
  );
  for (const topic of ["core_metrics", "edge_metrics"]) {
    const { received, expected, lost, duplicates } = topicOf(report.observed, topic);
    assert.deepEqual([received, lost, duplicates], [expected, 0, 0]);
    assert.ok(received >= 48, `${topic}: ${received}`);
  }
  assert.equal(topicOf(report.observed, "status").received, 6);
  assert.ok(topicOf(report.watched, "frame").received <= 22);
  assert.equal(report.connections.total, 4);
});

Deno.test("runFleet() delivers every message of own connections to streams", async () => {
  const report = await runInProcess("--devices=3", "--own_connections", "--noredis_use_pubsub");
  const { received, lost, duplicates } = topicOf(report.observed, "core_metrics");
  assert.deepEqual([lost, duplicates], [0, 0]);
  assert.ok(received >= 24, `${received}`);
  assert.equal(report.connections.total, 6);
});

Deno.test("runFleet() counts nothing as lost that only another process publishes", async () => {
  const report = await runInProcess("--devices=2", "--fleet_role=observe");
  assert.deepEqual([report.published, report.connections.total], [0, 0]);
  assert.deepEqual(report.observed, []);
});
