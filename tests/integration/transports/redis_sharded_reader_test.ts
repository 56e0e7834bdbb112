import assert from "node:assert/strict";
import { EnvelopeReader } from "../../../src/transports/redis/envelope_reader.ts";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { RedisReader } from "../../../src/transports/redis/reader.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { clock, coreMetric } from "../../support/messages.ts";
import { type RedisCluster, startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

/** Prefixes of devices whose channels of core metrics are on different nodes of a cluster of three. */
async function devicesOnEachNode(cluster: RedisCluster): Promise<readonly string[]> {
  const devices: string[] = [];
  for (let index = 0; devices.filter(Boolean).length < 3; index++) {
    const device = `bed-${index}`;
    devices[await cluster.ownerOf(`${device}:core_metrics`)] ??= device;
  }
  return devices;
}

/** Devices that each publish a core metric every 20 ms by SPUBLISH. */
class Devices implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  #sequence = 0;

  constructor(server: Pick<RedisServer, "port">, prefixes: readonly string[], cluster: boolean) {
    const devices = prefixes.map((keyPrefix) => {
      const options = optionsFor(server, { cluster, keyPrefix, shardedPublish: true });
      return this.#stack.use(startOutbox(options));
    });
    const timer = setInterval(() => {
      this.#sequence++;
      for (const { outbox } of devices) outbox.offer(coreMetric(this.#sequence));
    }, 20);
    this.#stack.defer(() => clearInterval(timer));
  }

  /** The sequence number of the newest metrics. */
  get sequence(): number {
    return this.#sequence;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** An EnvelopeReader of sharded channels, and the newest sequence number of each device. */
function startReader(
  server: Pick<RedisServer, "port">,
  devices: readonly string[],
  options: Partial<RedisOptions> = {},
) {
  const newest = new Map<string, number>();
  const received = new Map<string, Set<number>>();
  const reader = new EnvelopeReader({
    redis: optionsFor(server, { shardedPublish: true, ...options }),
    devices,
    topics: ["core_metrics"],
    onEnvelope: ({ device, envelope }) => {
      const { sequence } = (envelope.payload as { metadata: { sequence: number } }).metadata;
      newest.set(device, sequence);
      received.getOrInsertComputed(device, () => new Set()).add(sequence);
    },
    log: new CollectingLog(),
    clock,
  });
  const stop = new AbortController();
  const running = reader.run(stop.signal);
  return {
    reader,
    received,
    /** Waits until every device has sent something newer than the present. */
    async current(published: Devices, timeoutMs = 20_000): Promise<void> {
      const present = published.sequence;
      await waitFor(
        "newer metrics of every device",
        () => devices.every((device) => (newest.get(device) ?? 0) > present),
        { timeoutMs },
      );
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await reader[Symbol.asyncDispose]();
    },
  };
}

Deno.test("EnvelopeReader reads sharded channels of one server, over its restart", async () => {
  await using server = await startRedis();
  const devices = ["bed-1", "bed-2"];
  await using published = new Devices(server, devices, false);
  await using program = startReader(server, devices);
  await program.current(published);
  assert.ok(program.reader.ready);
  await server.kill();
  await waitFor("the loss", () => !program.reader.ready);
  await server.restart();
  await program.current(published);
});

Deno.test("EnvelopeReader reads sharded channels on every node of a cluster, and follows a slot that moves", async () => {
  await using cluster = await startCluster();
  const devices = await devicesOnEachNode(cluster);
  await using published = new Devices(cluster.nodes[0]!, devices, true);
  await using program = startReader(cluster.nodes[2]!, devices, { cluster: true });
  await program.current(published);
  await cluster.moveSlot(`${devices[0]}:core_metrics`, 1);
  const movedMs = performance.now();
  await program.current(published);
  const tookMs = performance.now() - movedMs;
  assert.ok(tookMs < 5000, `${tookMs.toFixed(0)} ms`);
});

Deno.test("EnvelopeReader reads sharded channels from the replica after the master of their slot died", async () => {
  await using cluster = await startCluster();
  const devices = await devicesOnEachNode(cluster);
  const dying = cluster.nodes[1]!;
  await using _replica = await cluster.startReplicaOf(dying);
  await using published = new Devices(cluster.nodes[0]!, devices, true);
  // The node from which the reader discovers the others is the one that dies.
  await using program = startReader(dying, devices, {
    cluster: true,
    clusterNodes: [`127.0.0.1:${cluster.nodes[2]!.port}`],
  });
  await program.current(published);
  await dying.kill();
  const killedMs = performance.now();
  await waitFor("the loss", () => !program.reader.ready);
  await program.current(published);
  const tookMs = performance.now() - killedMs;
  assert.ok(tookMs < 8000, `${tookMs.toFixed(0)} ms`);
});

Deno.test("EnvelopeReader notices a node of a cluster that is frozen, and reads it again", async () => {
  await using cluster = await startCluster(3, ["--cluster-node-timeout", "60000"]);
  const devices = await devicesOnEachNode(cluster);
  await using published = new Devices(cluster.nodes[0]!, devices, true);
  await using program = startReader(cluster.nodes[0]!, devices, { cluster: true });
  await program.current(published);
  cluster.nodes[2]!.freeze();
  try {
    await waitFor("the silence of the node", () => !program.reader.ready, { timeoutMs: 10_000 });
  } finally {
    cluster.nodes[2]!.thaw();
  }
  await program.current(published);
});

Deno.test("RedisReader ends a sharded subscription, and begins it again", async () => {
  await using server = await startRedis();
  const messages: string[] = [];
  await using reader = new RedisReader({
    redis: optionsFor(server, { shardedPublish: true }),
    log: new CollectingLog(),
    onMessage: (channel, message) => void messages.push(`${channel} ${message}`),
  });
  const client = server.client();
  await reader.subscribe("a:status", "b:status");
  assert.equal(await client.spublish("a:status", "1"), 1);
  await reader.unsubscribe("a:status");
  assert.equal(await client.spublish("a:status", "2"), 0);
  // What is ended before it was confirmed stays ended, unless it is wanted again.
  const brief = reader.subscribe("c:status");
  void reader.unsubscribe("c:status");
  await Promise.all([brief, reader.subscribe("a:status")]);
  await waitFor("no subscription", async () => await client.spublish("c:status", "3") === 0);
  assert.equal(await client.spublish("a:status", "4"), 1);
  assert.equal(await client.spublish("b:status", "5"), 1);
  await waitFor("the messages", () => messages.length >= 3);
  const kept = messages.filter((message) => !message.startsWith("c:"));
  assert.deepEqual(kept, ["a:status 1", "a:status 4", "b:status 5"]);
});
