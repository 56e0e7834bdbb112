import assert from "node:assert/strict";
import { coreMetric } from "../../support/messages.ts";
import { temporaryFolder } from "../../support/folders.ts";
import { optionsFor, startOutbox, subscribe } from "../../support/redis_outbox.ts";
import { freePort, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("Outbox publishes spooled metrics on the channel that they were measured for, and on no other", async () => {
  using folder = temporaryFolder();
  const port = freePort();
  const options = { spoolFolder: folder.path };
  const serverOf = (keyPrefix: string) => startOutbox(optionsFor({ port }, { keyPrefix }), options);
  {
    // Two servers at the same time, in an outage.
    await using ward1 = serverOf("ward1");
    await using ward2 = serverOf("ward2");
    for (let sequence = 1; sequence <= 20; sequence++) {
      ward1.outbox.offer(coreMetric(sequence));
      ward2.outbox.offer(coreMetric(100 + sequence));
    }
  }
  await using server = await startRedis({ port });
  const first = await subscribe(server, "ward1:core_metrics");
  const second = await subscribe(server, "ward2:core_metrics");
  const sequencesOf = (
    received: typeof first,
  ) => [...new Set(received.map(({ payload }) => payload.metadata?.sequence))];
  const numbers = (from: number) => Array.from({ length: 20 }, (_, index) => from + index);
  {
    await using _ward2 = serverOf("ward2");
    await waitFor("the metrics of ward 2", () => second.length >= 20);
  }
  assert.deepEqual([sequencesOf(first), sequencesOf(second)], [[], numbers(101)]);
  await using _ward1 = serverOf("ward1");
  await waitFor("the metrics of ward 1", () => first.length >= 20);
  assert.deepEqual([sequencesOf(first), sequencesOf(second)], [numbers(1), numbers(101)]);
});

Deno.test("Outbox spools metrics that Redis has not answered when it is stopped, and sends them after the start", async () => {
  using folder = temporaryFolder();
  await using server = await startRedis();
  const options = optionsFor(server, { operationTimeoutMs: 10_000 });
  {
    await using ends = startOutbox(options, { spoolFolder: folder.path });
    await waitFor("the connections", () => ends.framesReady());
    const control = server.client();
    await control.call("CLIENT", "PAUSE", "600000", "ALL");
    for (let sequence = 1; sequence <= 50; sequence++) ends.outbox.offer(coreMetric(sequence));
    await ends.outbox.flush(100);
    assert.equal(ends.dropped("metric"), 0);
  }
  await server.restart();
  const received = await subscribe(server, "physiology:core_metrics");
  await using _ends = startOutbox(options, { spoolFolder: folder.path });
  await waitFor("every metric", () => received.length >= 50);
  const sequences = [...new Set(received.map(({ payload }) => payload.metadata?.sequence))];
  assert.deepEqual(sequences, Array.from({ length: 50 }, (_, index) => index + 1));
});
