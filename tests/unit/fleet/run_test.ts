import assert from "node:assert/strict";
import { load } from "../../../src/app/flags.ts";
import type { FleetReport } from "../../../src/fleet/report.ts";
import { runFleet } from "../../../src/fleet/run.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { redisOptions } from "../../../src/transports/redis/settings.ts";
import { FakeRedis } from "../../support/fake_redis.ts";
import { waitFor } from "../../support/wait.ts";

interface RunOptions {
  readonly flags: readonly string[];
  readonly durationS?: number;
  readonly signal?: AbortSignal;
}

/** Runs a fleet, with a core metric of each device every 50 ms. */
async function runAgainst(
  server: FakeRedis,
  { flags, durationS = 0.5, signal = new AbortController().signal }: RunOptions,
): Promise<FleetReport> {
  const { settings } = load([
    ...["simulate", "--redis_host=127.0.0.1", `--redis_port=${server.port}`],
    ...["--redis_key_prefix=fleet", "--warm_up=0", ...flags],
  ], { env: {}, readText: () => "" });
  const report = await runFleet({
    fleet: settings.fleet,
    redis: redisOptions(settings.redis),
    bufferDurationS: 0.05,
    durationS,
    signal,
    log: silentLog,
  });
  await waitFor("no connection", () => server.open === 0);
  return report;
}

function brokerOf(): FakeRedis {
  const server = new FakeRedis();
  server.deliverMessages();
  return server;
}

/** Asserts that about `perSecond` messages of each of `devices` were published in a report's time. */
function assertRate(count: number, { seconds, devices, perSecond }: {
  readonly seconds: number;
  readonly devices: number;
  readonly perSecond: number;
}): void {
  const perDevice = seconds * perSecond;
  const [min, max] = [devices * (perDevice - 2), devices * (perDevice + 1)];
  assert(count >= min && count <= max, `${count} of ${min} to ${max}`);
}

/** Channels that were subscribed to, in order. */
function subscriptionsOf(server: FakeRedis): string[] {
  return server.commandsNamed("SUBSCRIBE").flatMap(([, ...channels]) => channels).toSorted();
}

Deno.test("runFleet() delivers every message of shared connections, frames to watchers only", async () => {
  await using server = brokerOf();
  const flags = ["--devices=4", "--watchers=50%", "--edge_fps=20", "--frame_bytes=5000"];
  const { observed, watched, ...report } = await runAgainst(server, {
    flags: [...flags, "--frame_fps=20", "--first_device=7", "--shared_connections=3"],
  });
  assert.deepEqual(observed.map(({ topic }) => topic), ["core_metrics", "edge_metrics", "status"]);
  const { seconds } = report;
  assert(seconds >= 0.49 && seconds < 2, `${seconds} s`);
  for (const { topic, expected, received, lost, duplicates, replayed } of observed) {
    assert.deepEqual([received, lost, duplicates, replayed], [expected, 0, 0, 0], topic);
    if (topic === "status") assert.equal(received, 4);
    else assertRate(received, { seconds, devices: 4, perSecond: 20 });
  }
  assert.deepEqual(
    watched.map(({ topic }) => topic),
    ["core_metrics", "edge_metrics", "status", "frame"],
  );
  // On a busy machine a newer frame replaces one that waits, which each device counts.
  const { frame_displaced: displaced = 0, ...dropped } = report.dropped;
  for (const { topic, received, lost } of watched) {
    // One that is displaced before the first arrives is not missed.
    assert(topic === "frame" ? lost <= displaced : lost === 0, `${topic}: ${lost}, ${displaced}`);
    if (topic === "status") assert.equal(received, 2);
    else if (topic !== "frame") assertRate(received, { seconds, devices: 2, perSecond: 20 });
  }
  const frames = watched.find(({ topic }) => topic === "frame")!.received;
  assert(frames > 2 && frames <= 2 * (20 * seconds + 1), `${frames} frames`);
  const sent = server.commandsNamed("PUBLISH");
  assert.equal(report.published, sent.length + displaced);
  assert.equal(sent.filter(([, channel]) => channel!.endsWith(":frame")).length, frames);
  const { devices, watchers, connections, outages } = report;
  assert.deepEqual({ devices, watchers, connections, outages, dropped }, {
    devices: 4,
    watchers: 2,
    connections: { total: 3, attempts: 3 },
    outages: [],
    dropped: {},
  });
  const topics = ["core_metrics", "edge_metrics", "status"];
  const ofAll = [7, 8, 9, 10].flatMap((n) => topics.map((topic) => `fleet-${n}:${topic}`));
  const ofWatchers = [7, 8].flatMap((n) =>
    [...topics, "frame"].map((topic) => `fleet-${n}:${topic}`)
  );
  assert.deepEqual(subscriptionsOf(server), [...ofAll, ...ofWatchers].toSorted());
});

Deno.test("runFleet() publishes frames that begin and end as a JPEG, and cannot be compressed", async () => {
  await using server = brokerOf();
  const flags = ["--devices=1", "--watchers=1", "--frame_bytes=150000", "--frame_fps=50"];
  await runAgainst(server, { flags });
  const [frame] = server.commandsNamed("PUBLISH").filter(([, channel]) =>
    channel === "fleet-1:frame"
  );
  const { payload } = JSON.parse(frame![2]!);
  const jpeg = Uint8Array.fromBase64(payload.data);
  assert.equal(jpeg.length, 150_000);
  assert.deepEqual([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
  // Of 256 values, each is as frequent in each part.
  for (let at = 0; at < jpeg.length; at += 50_000) {
    const zeros = jpeg.subarray(at, at + 50_000).filter((byte) => byte === 0).length;
    assert(zeros > 50 && zeros < 500, `${zeros} zeros from ${at}`);
  }
});

Deno.test("runFleet() publishes neither frames nor edge metrics without their flags", async () => {
  await using server = brokerOf();
  const { observed, watched } = await runAgainst(server, {
    flags: ["--devices=2", "--watchers=1"],
  });
  assert.deepEqual(observed.map(({ topic }) => topic), ["core_metrics", "status"]);
  assert.deepEqual(watched.map(({ topic }) => topic), ["core_metrics", "status"]);
});

Deno.test("runFleet() opens the connections of each device, and loses nothing on them", async () => {
  await using server = brokerOf();
  const report = await runAgainst(server, { flags: ["--devices=3", "--own_connections"] });
  const [{ expected, received, lost }] = report.observed as [FleetReport["observed"][0]];
  assert.deepEqual([received, lost], [expected, 0]);
  assert(received > 0);
  assert.equal(report.connections.total, 6);
  assert(report.connections.attempts >= 6);
  const queues = server.commandsNamed("BRPOP").map(([, queue]) => queue);
  assert.deepEqual(
    [...new Set(queues)].toSorted(),
    ["fleet-1:command_queue", "fleet-2:command_queue", "fleet-3:command_queue"],
  );
});

Deno.test("runFleet() publishes or observes only, by its role", async () => {
  await using server = brokerOf();
  const publisher = await runAgainst(server, { flags: ["--devices=2", "--fleet_role=publish"] });
  assert.deepEqual([publisher.observed, publisher.connections.total], [[], 4]);
  assert.equal(publisher.published, server.commandsNamed("PUBLISH").length);
  assert(publisher.published > 0);
  assert.deepEqual(subscriptionsOf(server), []);
  const observer = await runAgainst(server, { flags: ["--devices=2", "--fleet_role=observe"] });
  assert.deepEqual([observer.observed, observer.published], [[], 0]);
  assert.deepEqual(observer.connections, { total: 0, attempts: 0 });
  assert.equal(subscriptionsOf(server).length, 4);
});

Deno.test("runFleet() measures how late it is after the warm-up only", async () => {
  await using server = brokerOf();
  const { generatorLag: measured } = await runAgainst(server, { flags: ["--devices=2"] });
  assert(measured.worstMs > 0 && measured.worstMs < 2000, JSON.stringify(measured));
  assert(measured.p99Ms > 0 && measured.p99Ms <= measured.worstMs);
  const flags = ["--devices=2", "--watchers=1", "--warm_up=60"];
  const cold = await runAgainst(server, { flags });
  assert.deepEqual(cold.generatorLag, { p99Ms: 0, worstMs: 0 });
  for (const { lost, p99Ms, worstMs, longestGapMs } of [...cold.observed, ...cold.watched]) {
    assert.deepEqual([lost, p99Ms, worstMs, longestGapMs], [0, 0, 0, 0]);
  }
  assert.equal(cold.watched.length, 2);
});

Deno.test("runFleet() reports an outage with its time since the start", async () => {
  await using server = brokerOf();
  const running = runAgainst(server, { flags: ["--devices=2"], durationS: 1.5 });
  await waitFor("messages", () => server.commandsNamed("PUBLISH").length > 10);
  server.cut();
  const { outages, seconds, connections } = await running;
  assert(seconds > 1.4 && seconds < 2.9, `${seconds} s`);
  assert.equal(outages.length, 1);
  const { startS, fewestReady } = outages[0]!;
  assert(startS > 0 && startS < seconds, `${startS} of ${seconds} s`);
  assert(fewestReady < 4);
  assert(connections.attempts >= 8);
});

Deno.test("runFleet() ends when the signal aborts, also before it is connected", async () => {
  await using server = new FakeRedis();
  server.reply = () => "";
  const { published } = await runAgainst(server, {
    flags: ["--devices=2", "--fleet_role=publish"],
    durationS: 60,
    signal: AbortSignal.timeout(50),
  });
  assert.equal(published, 0);
  server.reply = () => undefined;
  server.deliverMessages();
  const ending = new AbortController();
  const running = runAgainst(server, {
    flags: ["--devices=2"],
    durationS: 60,
    signal: ending.signal,
  });
  await waitFor("messages", () => server.commandsNamed("PUBLISH").length > 10);
  ending.abort();
  assert((await running).seconds < 30);
});
