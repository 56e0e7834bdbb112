import assert from "node:assert/strict";
import { coreMetric, frame, sequencesOf, statusMessage } from "../../support/messages.ts";
import { optionsFor, startOutbox, subscribe } from "../../support/redis_outbox.ts";
import { freePort, type RedisServer, startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

Deno.test("RedisBackend publishes metrics and frames as envelopes on their channels", async () => {
  await using server = await startRedis();
  const received = await subscribe(server, "physiology:core_metrics", "physiology:frame");
  await using ends = startOutbox(optionsFor(server));
  await waitFor("a connection", () => ends.backend.ready);
  ends.outbox.offer(coreMetric(1));
  await waitFor("the metric", () => received.length === 1);
  await waitFor("a frame", () => {
    ends.outbox.offer(frame(2));
    return received.length > 1;
  });
  assert.deepEqual(received.slice(0, 2).map(({ type }) => type), ["core_metrics", "frame"]);
  assert.equal(ends.counters.get("outbox_sent_total", { class: "metric" }), 1);
  assert.equal(ends.outbox.problem, undefined);
});

/** Returns how often the server has executed a command. */
async function callsOf(server: RedisServer, command: string): Promise<number> {
  const stats = await server.client().info("commandstats");
  return Number(stats.split(`cmdstat_${command}:calls=`)[1]?.split(",")[0] ?? 0);
}

for (const kind of ["subscriber", "subscriber by pattern", "lease"] as const) {
  Deno.test(`Outbox sends frames while there is a ${kind}, from the next poll on, and none without`, async () => {
    await using server = await startRedis();
    await using ends = startOutbox(optionsFor(server));
    await waitFor("a connection", () => ends.backend.ready);
    const sent = () => ends.counters.get("outbox_sent_total", { class: "frame" });
    const offered = setInterval(() => ends.outbox.framesWanted && ends.outbox.offer(frame(1)), 20);
    try {
      const polls = () => callsOf(server, "pubsub|numsub");
      await waitFor("polls", async () => await polls() > 4);
      assert.equal(sent(), 0);
      const client = server.client();
      if (kind === "subscriber") await client.subscribe("physiology:frame");
      else if (kind === "lease") await client.set("physiology:frame:demand", "1", "PX", 1000);
      else await client.psubscribe("physiology:*");
      const before = await polls();
      await waitFor("frames", () => sent() > 2, { pollMs: 5 });
      const during = await polls() - before;
      assert.ok(during <= 4, `${during}`); // one was on its way, some pass while three frames are sent
      client.disconnect();
      await waitFor("the end of frames", () => !ends.outbox.framesWanted);
    } finally {
      clearInterval(offered);
    }
  });
}

Deno.test("RedisBackend rejects a frame over the size limit, counted and reported", async () => {
  await using server = await startRedis();
  await using ends = startOutbox(optionsFor(server, { maxBulkStringBytes: 20_000 }));
  await subscribe(server, "physiology:frame");
  await waitFor("a connection, and the subscriber", () => ends.outbox.framesWanted);
  await waitFor("the connection for frames", () => ends.framesReady());
  ends.outbox.offer(frame(1, 30_000));
  const tooBig = { class: "frame", reason: "too_big" };
  await waitFor("the counter", () => ends.counters.get("outbox_dropped_total", tooBig) === 1);
  assert.match(ends.outbox.problem ?? "", /at most 20000 bytes \(max_bulk_string_bytes\)/);
});

Deno.test("RedisBackend loses no metric when redis-server is killed, and frames resume within 2 s", async () => {
  await using server = await startRedis();
  const received = await subscribe(server, "physiology:core_metrics");
  const frames = await subscribe(server, "physiology:frame");
  await using ends = startOutbox(optionsFor(server));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => {
    ends.outbox.offer(coreMetric(++sequence));
    if (sequence % 6 === 0) ends.outbox.offer(frame(sequence));
  }, 5);
  try {
    for (let round = 0; round < 3; round++) {
      const before = received.length;
      await waitFor("metrics", () => received.length > before + 20);
      await server.kill();
      const killed = sequence;
      await waitFor("metrics that cannot be sent", () => sequence > killed + 50);
      await server.restart();
      const restarted = performance.now();
      const framesBefore = frames.length;
      await waitFor("frames", () => frames.length > framesBefore);
      assert.ok(performance.now() - restarted < 2000, `${performance.now() - restarted} ms`);
    }
    const before = sequence;
    await waitFor("live metrics again", () => sequence > before + 50);
  } finally {
    clearInterval(timer);
  }
  await waitFor("the whole replay", () => {
    const seen = new Set(received.map(({ payload }) => payload.metadata?.sequence));
    return seen.size === sequence;
  });
  const live = received.filter(({ payload }) => !payload.metadata?.replayed);
  const replayed = received.filter(({ payload }) => payload.metadata?.replayed);
  for (const metrics of [live, replayed]) {
    // Metrics acknowledged right before the kill may be repeated.
    const order = [...sequencesOf(metrics)];
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
  }
  assert.ok(replayed.length >= 150);
});

Deno.test("RedisBackend detects a frozen redis-server and sends no stale frames after its thaw", async () => {
  await using server = await startRedis();
  const received = await subscribe(server, "physiology:frame");
  const metrics = await subscribe(server, "physiology:core_metrics");
  await using ends = startOutbox(optionsFor(server, { operationTimeoutMs: 300 }));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => {
    ends.outbox.offer(frame(++sequence));
    ends.outbox.offer(coreMetric(sequence));
  }, 20);
  try {
    await waitFor("frames", () => received.length > 5);
    server.freeze();
    const frozeMs = performance.now();
    await waitFor("detection of the silence", () => !ends.backend.ready);
    // The timeout, the time allowed for the frame in flight, the check interval, and a margin.
    const detectedMs = performance.now() - frozeMs;
    assert.ok(detectedMs < 300 + 650 + 100 + 200, `${detectedMs} ms`);
    assert.match(ends.outbox.problem ?? "", /in time/);
    const frozen = sequence;
    await waitFor("frames that cannot be sent", () => sequence > frozen + 20);
    const before = received.length;
    server.thaw();
    await waitFor("frames again", () => (received.at(-1)?.payload.sequence ?? 0) > frozen + 20);
    const stale = received.slice(before).filter(({ payload }) => (payload.sequence ?? 0) <= frozen);
    assert.ok(stale.length <= 2, `${stale.length} stale frames`);
  } finally {
    clearInterval(timer);
    server.thaw();
  }
  await waitFor("every metric", () => {
    return new Set(metrics.map(({ payload }) => payload.metadata?.sequence)).size === sequence;
  });
});

Deno.test("RedisBackend reports a refused connection and replays metrics once redis-server runs", async () => {
  const port = freePort();
  await using ends = startOutbox(optionsFor({ port }));
  ends.outbox.offer(coreMetric(1));
  await waitFor("the problem", () => ends.outbox.problem);
  assert.match(ends.outbox.problem ?? "", /connection refused: start redis-server/);
  await using server = await startRedis({ port });
  const received = await subscribe(server, "physiology:core_metrics");
  await waitFor("the metric", () => received.length === 1);
  assert.equal(received[0]?.payload.metadata?.replayed, true);
  await waitFor("recovery", () => ends.outbox.problem === undefined);
});

Deno.test("RedisBackend publishes a recording state to the first subscriber, and to none before", async () => {
  await using server = await startRedis();
  await using ends = startOutbox(optionsFor(server));
  ends.outbox.offer(statusMessage("recording_state", 1)); // before the connection, so it is kept
  const admin = server.client();
  const callsOf = async (command: string) => {
    const stats = await admin.info("commandstats");
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };
  await waitFor("several searches", async () => await callsOf("pubsub\\|numsub") >= 4);
  assert.equal(await callsOf("publish"), 0);
  const received = await subscribe(server, "physiology:recording_state");
  await waitFor("the state", () => received.length === 1);
});
