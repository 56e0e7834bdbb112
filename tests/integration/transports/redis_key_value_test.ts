import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import { KeyValueCommands } from "../../../src/transports/redis/key_value_commands.ts";
import { coreMetric, frame } from "../../support/messages.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("RedisBackend stores the newest envelope with a TTL and the history by capture time", async () => {
  await using server = await startRedis();
  const client = server.client();
  await using ends = startOutbox(
    optionsFor(server, { usePubsub: false, keyTtlSeconds: 120, historySeconds: 60 }),
  );
  await waitFor("the connection for frames", () => ends.framesReady());
  const metrics = Array.from({ length: 10 }, (_, index) => coreMetric(index + 1));
  for (const metric of metrics) ends.outbox.offer(metric);
  ends.outbox.offer(frame(1));
  await waitFor("the frame", () => client.exists("physiology:frame"));
  await ends.outbox.flush(1000);

  const newest = JSON.parse(await client.get("physiology:core_metrics") ?? "");
  assert.equal(newest.payload.metadata.sequence, 10);
  const ttl = await client.ttl("physiology:core_metrics");
  assert.ok(ttl > 110 && ttl <= 120);
  assert.ok(await client.ttl("physiology:frame") <= 10);
  const history = await client.xrange("physiology:core_metrics:history", "-", "+");
  assert.deepEqual(
    history.map(([id, [field, envelope]]) => [
      Number(id.split("-")[0]),
      field,
      JSON.parse(envelope ?? "").payload.metadata.sequence,
    ]),
    metrics.map(({ timestamp }, index) => [Math.floor(timestamp / 1000), "envelope", index + 1]),
  );
  assert.equal(await client.exists("physiology:frame:history"), 0);
});

Deno.test("RedisBackend leaves no gap in the history after an outage", async () => {
  await using server = await startRedis({ args: ["--appendonly", "yes"] });
  const client = server.client();
  await using ends = startOutbox(optionsFor(server, { usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => ends.outbox.offer(coreMetric(++sequence)), 5);
  try {
    await waitFor("metrics", () => sequence > 20);
    await server.stop();
    const stopped = sequence;
    await waitFor("metrics that cannot be sent", () => sequence > stopped + 50);
    await server.restart();
    await waitFor("a connection", () => ends.backend.ready);
    const connected = sequence;
    await waitFor("metrics again", () => sequence > connected + 50);
  } finally {
    clearInterval(timer);
  }
  const history = () => client.xrange("physiology:core_metrics:history", "-", "+");
  await waitFor("the newest", async () => (await sequences(client)).at(-1) === sequence);
  const seen = [...new Set(await sequences(client))];
  assert.deepEqual(seen, Array.from({ length: sequence }, (_, index) => index + 1));
  const ids = (await history()).map(([id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const newest = JSON.parse(await client.get("physiology:core_metrics") ?? "");
  assert.equal(newest.payload.metadata.sequence, sequence);
});

Deno.test("RedisBackend appends an entry that is older than the newest of its stream", async () => {
  await using server = await startRedis();
  const client = server.client();
  const history = "physiology:core_metrics:history";
  await client.xadd(history, `${Date.now() + 60_000}-0`, "envelope", "{}");
  await using ends = startOutbox(optionsFor(server, { usePubsub: false }));
  await waitFor("a connection", () => ends.backend.ready);
  ends.outbox.offer(coreMetric(1));
  await waitFor("the entry", async () => await client.xlen(history) === 2);
  assert.equal(ends.dropped("metric"), 0);
});

async function sequences(client: Redis): Promise<number[]> {
  const entries = await client.xrange("physiology:core_metrics:history", "-", "+");
  return entries.map(([, [, envelope]]) => JSON.parse(envelope ?? "").payload.metadata.sequence);
}

Deno.test("KeyValueCommands keep the memory of Redis constant over a simulated day", async () => {
  await using server = await startRedis();
  const client = server.client();
  const commands = new KeyValueCommands(
    optionsFor(server, { historySeconds: 600, historyMaxEntries: 5000 }),
  );
  const envelope = coreMetric(1).bytes;
  const memory: number[] = [];
  const startMs = Date.UTC(2026, 0, 1);
  for (let hour = 0; hour < 24; hour++) {
    const pipeline = client.pipeline();
    for (let second = 0; second < 3600; second += 4) {
      const timestamp = (startMs + (hour * 3600 + second) * 1000) * 1000;
      const stored = { topic: "core_metrics", timestamp, envelope: asBuffer(envelope) } as const;
      for (const [name, ...args] of commands.commandsFor(stored)) pipeline.call(name, ...args);
    }
    await pipeline.exec();
    const info = await client.info("memory");
    memory.push(Number(/used_memory_dataset:(\d+)/.exec(info)?.[1]));
  }
  const length = await client.xlen("physiology:core_metrics:history");
  assert.ok(length >= 150 && length < 400, `${length} entries for 600 s`);
  const [first = 0, ...later] = memory;
  assert.ok(Math.max(...later) < first * 1.5 + 200_000, memory.join(" "));
});

function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer);
}
