import assert from "node:assert/strict";
import { FaultProxy } from "../../support/fault_proxy.ts";
import { coreMetric, frame } from "../../support/messages.ts";
import { optionsFor, startOutbox, subscribe } from "../../support/redis_outbox.ts";
import { startRedis } from "../../support/redis_server.ts";
import { waitFor } from "../../support/wait.ts";

const encoder = new TextEncoder();
const HUGE_BULK = encoder.encode("$20971520\r\n" + "x".repeat(100_000));
const HUGE_LIST = encoder.encode("*10000000\r\n" + ":1\r\n".repeat(10_000));
const GARBAGE = crypto.getRandomValues(new Uint8Array(5000));

const REPLIES = [
  ["nothing", { discard: true }, /in time/],
  ["garbage", { answer: GARBAGE }, /Cannot accept the reply|in time|Lost the connection/],
  [
    "an HTTP response",
    { answer: encoder.encode("HTTP/1.1 400 Bad Request\r\n\r\n") },
    /check that it is a Redis/,
  ],
  ["a string of 20 MB", { answer: HUGE_BULK }, /larger than max_bulk_string_bytes/],
  ["a list of ten million", { answer: HUGE_LIST }, /longer than max_array_elements/],
  ["half replies", { halfReplies: true }, /in time|check that it is a Redis|Lost the connection/],
] as const;

for (const [reply, fault, problem] of REPLIES) {
  Deno.test(`RedisBackend detects a peer that replies with ${reply} and loses no metric`, async () => {
    await using server = await startRedis();
    const received = await subscribe(server, "physiology:core_metrics");
    const frames = await subscribe(server, "physiology:frame");
    await using proxy = new FaultProxy(server);
    await using ends = startOutbox(
      optionsFor(proxy, { connectionTimeoutMs: 500, operationTimeoutMs: 300 }),
    );
    await waitFor("a connection", () => ends.backend.ready);
    let sequence = 0;
    const timer = setInterval(() => {
      ends.outbox.offer(coreMetric(++sequence));
      ends.outbox.offer(frame(sequence));
    }, 10);
    try {
      await waitFor("metrics and frames", () => received.length > 5 && frames.length > 5);
      const before = performance.now();
      const memory = Deno.memoryUsage().rss;
      proxy.fault = fault;
      await waitFor("detection of the fault", () => ends.outbox.problem);
      assert.ok(performance.now() - before < 3000);
      assert.match(ends.outbox.problem ?? "", problem);
      const detected = sequence;
      await waitFor("metrics that cannot be sent", () => sequence > detected + 50);
      assert.ok(Deno.memoryUsage().rss - memory < 60e6, "memory stays bounded");
      proxy.fault = {};
      proxy.cut();
      const framesBefore = frames.length;
      await waitFor("frames after the fault", () => frames.length > framesBefore + 5);
    } finally {
      clearInterval(timer);
    }
    await waitFor("every metric", () => {
      return new Set(received.map(({ payload }) => payload.metadata?.sequence)).size === sequence;
    });
    assert.equal(ends.dropped("metric"), 0);
    const agesMs = frames.map(({ arrivedUs, timestamp }) => (arrivedUs - timestamp) / 1000);
    assert.ok(Math.max(...agesMs) < 1000, `a frame came after ${Math.max(...agesMs)} ms`);
    await waitFor("recovery", () => ends.outbox.problem === undefined);
  });
}

Deno.test("RedisBackend accepts replies that arrive one byte at a time", async () => {
  await using server = await startRedis();
  const received = await subscribe(server, "physiology:core_metrics");
  await using proxy = new FaultProxy(server);
  proxy.fault = { byteAtATime: true };
  await using ends = startOutbox(optionsFor(proxy));
  await waitFor("a connection", () => ends.backend.ready);
  for (let sequence = 1; sequence <= 20; sequence++) ends.outbox.offer(coreMetric(sequence));
  await waitFor("every metric", () => received.length === 20);
  await ends.outbox.flush(2000);
  assert.equal(ends.counters.get("outbox_sent_total", { class: "metric" }), 20);
  assert.equal(ends.outbox.problem, undefined);
});

Deno.test("RedisBackend counts a subscriber that Redis disconnects because it does not read", async () => {
  await using server = await startRedis({
    args: ["--client-output-buffer-limit", "pubsub", "1mb", "512kb", "1"],
  });
  const received = await subscribe(server, "physiology:frame");
  using slow = await Deno.connect({ hostname: server.hostname, port: server.port });
  await slow.write(encoder.encode("SUBSCRIBE physiology:frame\r\n"));
  await using ends = startOutbox(optionsFor(server));
  await waitFor("a connection", () => ends.backend.ready);
  let sequence = 0;
  const timer = setInterval(() => ends.outbox.offer(frame(++sequence, 100_000)), 10);
  try {
    const receivers = () => ends.counters.get("outbox_receivers", { topic: "frame" });
    await waitFor("two receivers", () => receivers() === 2);
    await waitFor("one receiver", () => receivers() === 1, { timeoutMs: 20_000 });
    const before = received.length;
    await waitFor("frames at the other", () => received.length > before + 20);
    assert.equal(ends.counters.get("outbox_receivers_lost_total", { topic: "frame" }), 1);
  } finally {
    clearInterval(timer);
  }
});
