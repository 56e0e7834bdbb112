/** Devices with `--redis_partitions` in a real cluster, whose nodes compute the slots themselves. */
import assert from "node:assert/strict";
import { silentLog } from "../../../src/telemetry/log.ts";
import { CommandQueue } from "../../../src/transports/redis/command_queue.ts";
import { EnvelopeReader } from "../../../src/transports/redis/envelope_reader.ts";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { RedisReader } from "../../../src/transports/redis/reader.ts";
import { clock, coreMetric, frame, statusMessage } from "../../support/messages.ts";
import { type RedisCluster, startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import type { RedisServer } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const PARTITIONS = 16;
const DEVICES = ["ward-1", "ward-2", "ward-3", "ward-4"];

/** Options of a device or a reader of the cluster. */
function options(node: RedisServer, more: Partial<RedisOptions> = {}): RedisOptions {
  return optionsFor(node, { cluster: true, partitions: PARTITIONS, ...more });
}

/** Starts devices that publish a status, and a core metric every 20 ms. */
function startDevices(node: RedisServer, more: Partial<RedisOptions>) {
  const stack = new AsyncDisposableStack();
  const devices = DEVICES.map((keyPrefix) =>
    stack.use(startOutbox(options(node, { keyPrefix, ...more })))
  );
  let sequence = 0;
  for (const { outbox } of devices) outbox.offer(statusMessage("status", sequence));
  const timer = setInterval(() => {
    sequence++;
    for (const { outbox } of devices) outbox.offer(coreMetric(sequence));
  }, 20);
  stack.defer(() => clearInterval(timer));
  return stack;
}

/** Reads core metrics until each device has sent some, and returns the names of the devices. */
async function devicesRead(redis: RedisOptions, devices: readonly string[]): Promise<string[]> {
  const counts = new Map<string, number>();
  await using reader = new EnvelopeReader({
    redis,
    devices,
    topics: ["core_metrics"],
    onEnvelope: ({ device }) => counts.set(device, (counts.get(device) ?? 0) + 1),
    log: silentLog,
    clock,
  });
  const stop = new AbortController();
  const running = reader.run(stop.signal);
  try {
    await waitFor(
      "metrics of each device",
      () => DEVICES.every((device) => (counts.get(device) ?? 0) > 5),
      { timeoutMs: 20_000 },
    );
  } finally {
    stop.abort();
    await running;
  }
  return [...counts.keys()].toSorted();
}

/** The keys of the cluster that begin with a prefix, and their slots as its nodes compute them. */
async function slotsOf(cluster: RedisCluster, prefix: string): Promise<Map<string, number>> {
  const clients = cluster.nodes.map((node) => node.client());
  const keys = (await Promise.all(clients.map((client) => client.keys(`${prefix}*`)))).flat();
  return new Map(
    await Promise.all(
      keys.map(async (key) =>
        [key, Number(await clients[0]!.call("CLUSTER", "KEYSLOT", key))] as const
      ),
    ),
  );
}

Deno.test("EnvelopeReader reads partitioned histories of a cluster, each device in one slot", async () => {
  await using cluster = await startCluster();
  const [first, , third] = cluster.nodes;
  assert.ok(first && third);
  await using _devices = startDevices(first, { usePubsub: false });
  const redis = options(third, { usePubsub: false });
  assert.deepEqual(await devicesRead(redis, ["ward-*"]), DEVICES);
  await using reader = new RedisReader({ redis, log: silentLog, onMessage: () => {} });
  for (const device of DEVICES) {
    const slots = await slotsOf(cluster, reader.prefixOf(device));
    assert.equal(slots.size, 4, "the newest messages and the histories of two types");
    assert.equal(new Set(slots.values()).size, 1, device);
  }
});

Deno.test("EnvelopeReader reads partitioned channels of a cluster, by names and by a pattern", async () => {
  await using cluster = await startCluster();
  const [first, , third] = cluster.nodes;
  assert.ok(first && third);
  {
    await using _devices = startDevices(first, { shardedPublish: true });
    const redis = options(third, { shardedPublish: true });
    assert.deepEqual(await devicesRead(redis, DEVICES), DEVICES);
  }
  await using _devices = startDevices(first, {});
  assert.deepEqual(await devicesRead(options(third), ["ward-*"]), DEVICES);
  // A reader that does not know the number of partitions finds the devices as well.
  assert.deepEqual(await devicesRead(options(third, { partitions: 0 }), ["*"]), DEVICES);
});

Deno.test("CommandQueue takes partitioned commands of a cluster on one connection", async () => {
  await using cluster = await startCluster();
  const [first, , third] = cluster.nodes;
  assert.ok(first && third);
  const taken: string[] = [];
  await using queue = new CommandQueue(options(first, { keyPrefix: "ward-1" }), {
    log: silentLog,
    clock,
    onCommand: (bytes) => taken.push(new TextDecoder().decode(bytes)),
  });
  queue.start();
  await using reader = new RedisReader({
    redis: options(third),
    log: silentLog,
    onMessage: () => {},
  });
  await waitFor("both connections", () => queue.ready && reader.ready);
  await waitFor("the command", async () => {
    await reader.pushCommand("ward-1", { recording: true }).catch(() => {});
    return taken.length > 0;
  }, { pollMs: 100 });
  assert.deepEqual(JSON.parse(taken[0]!), { recording: true });
  assert.equal(queue.attempts, 1);
});

Deno.test("RedisBackend sends frames while a reader holds the lease of a partitioned device", async () => {
  await using cluster = await startCluster();
  const [first, , third] = cluster.nodes;
  assert.ok(first && third);
  await using ends = startOutbox(options(first, { keyPrefix: "ward-1", shardedPublish: true }), {
    idleFrameIntervalMs: 0,
  });
  const channels: string[] = [];
  await using reader = new RedisReader({
    redis: options(third, { shardedPublish: true }),
    log: silentLog,
    onMessage: (channel) => void channels.push(channel),
  });
  const offered = setInterval(() => ends.outbox.framesWanted && ends.outbox.offer(frame(1)), 20);
  try {
    const channel = `${reader.prefixOf("ward-1")}:frame`;
    await waitFor(
      "the subscription",
      () => reader.subscribe(channel).then(() => true, () => false),
      { pollMs: 100 },
    );
    await waitFor("frames", () => channels.length > 10, { timeoutMs: 20_000 });
    assert.deepEqual(new Set(channels), new Set([channel]));
  } finally {
    clearInterval(offered);
  }
});
