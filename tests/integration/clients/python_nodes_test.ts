/** The Python client with several nodes of Redis: Sentinels, and histories in a cluster. */
import assert from "node:assert/strict";
import { fakeMetrics } from "../../support/fake_stream.ts";
import { coreMetric, frame } from "../../support/messages.ts";
import { Program, PYTHON } from "../../support/program.ts";
import { PYTHON_CLIENT } from "../../support/python_client.ts";
import { startCluster } from "../../support/redis_cluster.ts";
import { optionsFor, startOutbox } from "../../support/redis_outbox.ts";
import { startRedis } from "../../support/redis_server.ts";
import { knowsReplica, startSentinel } from "../../support/redis_sentinel.ts";
import { waitFor } from "../../support/wait.ts";

/** Starts print_envelopes.py from the sources. */
function reader(options: object): Program {
  const script = `${PYTHON_CLIENT}tests/print_envelopes.py`;
  return new Program(PYTHON, [script, "asyncio", "redis", JSON.stringify(options)], {
    env: { PYTHONPATH: `${PYTHON_CLIENT}src`, PYTHONDONTWRITEBYTECODE: "1" },
  });
}

interface Printed {
  readonly type: string;
  readonly device: string;
  readonly payload: { readonly metadata?: { readonly sequence?: number } };
}

/** The envelopes that a program has printed. */
function printed(program: Program): readonly Printed[] {
  return program.output.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** The sequence numbers of the core metrics that a program has printed. */
const sequences = (program: Program) =>
  printed(program).flatMap(({ payload }) => payload.metadata?.sequence ?? []);

Deno.test("RedisSource finds the master by Sentinels, and the new one after a failover", async () => {
  await using master = await startRedis();
  await using replica = await startRedis({
    args: ["--replicaof", master.hostname, `${master.port}`],
  });
  await using sentinel = await startSentinel(master);
  await knowsReplica(sentinel);
  await using program = reader({
    sentinels: [["127.0.0.1", 1], [sentinel.hostname, sentinel.port]],
    sentinel_name: "vitals",
    silence_s: 1,
  });
  await program.prints("Connected");
  const message = (n: number) => JSON.stringify(fakeMetrics(n)[0]);
  await master.client().publish("physiology:core_metrics", message(1));
  await waitFor("the first message", () => sequences(program).length === 1);
  await master.kill();
  await program.prints("reconnecting");
  await waitFor(
    "the new master",
    async () => String(await replica.client().info("replication")).includes("role:master"),
    {
      timeoutMs: 20_000,
      pollMs: 100,
    },
  );
  await waitFor(
    "a subscriber of the new master",
    async () => await replica.client().publish("physiology:core_metrics", message(2)) > 0,
    {
      timeoutMs: 20_000,
      pollMs: 100,
    },
  );
  await waitFor("the second message", () => sequences(program).length === 2);
  assert.deepEqual(sequences(program), [1, 2]);
});

for (const partitions of [0, 16]) {
  Deno.test(`RedisSource reads the histories of a cluster with ${partitions} partitions`, async () => {
    await using cluster = await startCluster();
    const [first, , third] = cluster.nodes;
    assert.ok(first && third);
    const options = optionsFor(first, {
      cluster: true,
      usePubsub: false,
      keyPrefix: "ward-1",
      partitions,
    });
    await using ends = startOutbox(options);
    await waitFor("a connection", () => ends.backend.ready);
    ends.outbox.offer(coreMetric(1));
    await waitFor("the first message", () =>
      ends.counters.get("outbox_sent_total", {
        class: "metric",
      }) === 1);
    await using program = reader({
      host: third.hostname,
      port: third.port,
      key_prefix: "ward-1",
      mode: "history",
      since_ms: 1,
      partitions,
    });
    await program.prints("Connected");
    const timer = setInterval(() => ends.outbox.offer(frame(1)), 100);
    try {
      for (let sequence = 2; sequence <= 20; sequence++) ends.outbox.offer(coreMetric(sequence));
      await waitFor("both types", () => {
        const types = new Set(printed(program).map(({ type }) => type));
        return types.has("core_metrics") && types.has("frame");
      }, { timeoutMs: 20_000 });
      await waitFor("every core metric", () => new Set(sequences(program)).size === 20);
    } finally {
      clearInterval(timer);
    }
    assert.deepEqual(new Set(printed(program).map(({ device }) => device)), new Set(["ward-1"]));
    assert.deepEqual(sequences(program), Array.from({ length: 20 }, (_, at) => at + 1));
  });
}
