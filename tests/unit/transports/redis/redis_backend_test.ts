import assert from "node:assert/strict";
import { BackendError } from "../../../../src/delivery/backend.ts";
import type { RedisOptions } from "../../../../src/transports/redis/options.ts";
import { RedisBackend } from "../../../../src/transports/redis/redis_backend.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { array, bulk, FakeRedis, joinCluster, type Replier } from "../../../support/fake_redis.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { coreMetric, frame } from "../../../support/messages.ts";
import { optionsFor } from "../../../support/redis_outbox.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";
import { waitFor } from "../../../support/wait.ts";

const SILENCE = "";

/** A backend with both links to a fake server; it is closed before the server. */
class Fixture implements AsyncDisposable {
  readonly server: FakeRedis;
  readonly log = new CollectingLog();
  readonly backend: RedisBackend;

  private constructor(server: FakeRedis, options: Partial<RedisOptions>) {
    this.server = server;
    this.backend = new RedisBackend(optionsFor(server, options), { log: this.log });
  }

  static async start(options: Partial<RedisOptions> = {}, server = new FakeRedis()) {
    const fixture = new Fixture(server, options);
    fixture.backend.start();
    fixture.backend.openForFrames();
    await fixture.connected(2);
    return fixture;
  }

  /** Waits for as many connections so far, on both links together. */
  async connected(count: number): Promise<void> {
    await waitFor(`${count} connections`, () => this.backend.connections >= count, { pollMs: 1 });
  }

  /** Replies to commands of a name in its own way. */
  replyTo(name: string, reply: Replier): void {
    this.server.reply = (command) => command[0] === name ? reply(command) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]();
    await waitFor("no connection", () => this.server.open === 0, { pollMs: 1 });
    await this.server[Symbol.asyncDispose]();
  }
}

async function errorOf(sending: Promise<unknown>): Promise<BackendError> {
  try {
    await sending;
  } catch (error) {
    assert(error instanceof BackendError, String(error));
    return error;
  }
  throw new Error("It was sent");
}

Deno.test(
  "RedisBackend publishes an envelope on its channel, and returns the receivers",
  async () => {
    await using fixture = await Fixture.start({ keyPrefix: "ward" });
    const { backend, server } = fixture;
    fixture.replyTo("PUBLISH", () => ":3\r\n");
    const metric = coreMetric(7);
    assert.deepEqual(await backend.send(metric), { receivers: 3 });
    const [, channel, text] = server.commandsNamed("PUBLISH")[0]!;
    assert.equal(channel, "ward:core_metrics");
    assert.equal(text, new TextDecoder().decode(metric.bytes));
    assert.deepEqual([backend.inOrder, backend.problem, backend.ready], [false, undefined, true]);
    assert.ok(backend.measured!.rttUs > 0);
  },
);

Deno.test("RedisBackend.destination names the broker, the database and the prefix, after a reload too", async () => {
  await using fixture = await Fixture.start({ keyPrefix: "ward1", database: 3, password: "x" });
  const { backend, server } = fixture;
  assert.equal(backend.destination, `redis 127.0.0.1:${server.port}/3 ward1`);
  backend.reload(optionsFor(server, { keyPrefix: "ward2" }));
  assert.equal(backend.destination, `redis 127.0.0.1:${server.port}/0 ward2`);
  await fixture.connected(4);
});

Deno.test("RedisBackend sends frames on a connection of their own", async () => {
  await using fixture = await Fixture.start();
  const names = fixture.server.commandsNamed("CLIENT").filter(([, word]) => word === "setname");
  assert.deepEqual(names.map(([, , name]) => name).toSorted(), [
    "physiology_server:frames",
    "physiology_server:metrics",
  ]);
  fixture.replyTo("PUBLISH", ([, channel]) => channel === "physiology:frame" ? SILENCE : undefined);
  const pending = fixture.backend.send(frame(1, 100));
  assert.deepEqual(await fixture.backend.send(coreMetric(1)), { receivers: 1 });
  await fixture.backend[Symbol.asyncDispose]();
  await assert.rejects(pending);
});

Deno.test("RedisBackend.discardFrames() fails the frames in flight, and no metric", async () => {
  await using fixture = await Fixture.start();
  const { backend } = fixture;
  const answers = Promise.withResolvers<void>();
  fixture.replyTo("PUBLISH", () => SILENCE);
  const lost = errorOf(backend.send(frame(1, 100)));
  let failed = false;
  backend.send(coreMetric(1)).catch(() => failed = true).finally(answers.resolve);
  backend.discardFrames();
  assert.equal((await lost).retriable, true);
  await fixture.connected(3);
  assert.deepEqual([backend.ready, backend.problem, failed], [true, undefined, false]);
  await backend[Symbol.asyncDispose]();
  await answers.promise;
});

Deno.test("RedisBackend.hasSubscribers() counts those of the channel, and those of patterns", async () => {
  await using fixture = await Fixture.start();
  const counts = { NUMSUB: 0, NUMPAT: 0 };
  fixture.replyTo(
    "PUBSUB",
    ([, what, channel]) =>
      what === "NUMPAT" ? `:${counts.NUMPAT}\r\n` : array(bulk(channel!), `:${counts.NUMSUB}\r\n`),
  );
  const { backend, server } = fixture;
  assert.equal(await backend.hasSubscribers("recording_state"), false);
  assert.deepEqual(server.commandsNamed("PUBSUB"), [
    ["PUBSUB", "NUMSUB", "physiology:recording_state"],
    ["PUBSUB", "NUMPAT"],
  ]);
  counts.NUMPAT = 1;
  assert.equal(await backend.hasSubscribers("recording_state"), true);
  counts.NUMPAT = 0;
  counts.NUMSUB = 2;
  assert.equal(await backend.hasSubscribers("recording_state"), true);
});

Deno.test("RedisBackend.hasSubscribers() asks no more once Redis has denied it, until a reload", async () => {
  await using fixture = await Fixture.start();
  const { backend, server } = fixture;
  fixture.replyTo("PUBSUB", () => "-NOPERM this user has no permissions\r\n");
  for (let count = 0; count < 3; count++) {
    assert.equal(await backend.hasSubscribers("status"), undefined);
  }
  assert.equal(server.commandsNamed("PUBSUB").length, 1);
  backend.reload(optionsFor(server));
  await fixture.connected(4);
  await backend.hasSubscribers("status");
  assert.equal(server.commandsNamed("PUBSUB").length, 2);
});

Deno.test("RedisBackend.hasSubscribers() is undefined with keys, in a cluster, and without a link", async () => {
  await using fixture = await Fixture.start({ usePubsub: false });
  assert.equal(await fixture.backend.hasSubscribers("status"), undefined);
  fixture.backend.reload(optionsFor(fixture.server, { port: 1 }));
  assert.equal(await fixture.backend.hasSubscribers("status"), undefined);
});

Deno.test("RedisBackend.hasSubscribers() counts sharded subscribers with --redis_sharded_publish", async () => {
  await using fixture = await Fixture.start({ shardedPublish: true });
  fixture.replyTo("PUBSUB", ([, , channel]) => array(bulk(channel!), ":0\r\n"));
  assert.equal(await fixture.backend.hasSubscribers("status"), false);
  assert.deepEqual(fixture.server.commandsNamed("PUBSUB"), [
    ["PUBSUB", "SHARDNUMSUB", "physiology:status"],
  ]);
});

Deno.test("RedisBackend.frameDemand() is watched with a subscriber or a lease, and counts patterns", async () => {
  await using fixture = await Fixture.start();
  const { backend, server } = fixture;
  const counts = { NUMSUB: 0, NUMPAT: 0, EXISTS: 0 };
  server.reply = ([name, what, channel]) => {
    if (name === "EXISTS") return `:${counts.EXISTS}\r\n`;
    if (name !== "PUBSUB") return undefined;
    if (what === "NUMPAT") return `:${counts.NUMPAT}\r\n`;
    return array(bulk(channel!), `:${counts.NUMSUB}\r\n`);
  };
  assert.deepEqual(await backend.frameDemand(), { watched: false, patterns: 0 });
  assert.deepEqual(server.commandsNamed("EXISTS"), [["EXISTS", "physiology:frame:demand"]]);
  counts.NUMPAT = 2;
  assert.deepEqual(await backend.frameDemand(), { watched: false, patterns: 2 });
  counts.NUMSUB = 1;
  assert.deepEqual(await backend.frameDemand(), { watched: true, patterns: 2 });
  Object.assign(counts, { NUMSUB: 0, NUMPAT: 0, EXISTS: 1 });
  assert.deepEqual(await backend.frameDemand(), { watched: true, patterns: 0 });
});

Deno.test("RedisBackend.frameDemand() does not know patterns without permission to count, and asks once", async () => {
  await using fixture = await Fixture.start();
  const { backend, server } = fixture;
  server.reply = ([name]) => /^(PUBSUB|EXISTS)$/.test(name!) ? "-NOPERM denied\r\n" : undefined;
  for (let count = 0; count < 3; count++) {
    assert.deepEqual(await backend.frameDemand(), { watched: false, patterns: undefined });
  }
  const asked = ["PUBSUB", "EXISTS"].map((name) => server.commandsNamed(name).length);
  assert.deepEqual(asked, [2, 1], "NUMSUB and NUMPAT, and the lease");
});

Deno.test("RedisBackend.frameDemand() is unknown with keys", async () => {
  await using fixture = await Fixture.start({ usePubsub: false });
  assert.equal(await fixture.backend.frameDemand(), undefined);
});

Deno.test("RedisBackend measures the bandwidth on the link of metrics alone", async () => {
  await using fixture = await Fixture.start();
  const { server } = fixture;
  const long = server.commandsNamed("PING").filter(([, payload]) => payload !== undefined);
  // On a busy machine a second connection may be opened beside a silent one.
  const ofMetrics = server.commandsNamed("CLIENT").filter(([, , name]) =>
    /:metrics$/.test(`${name}`)
  );
  assert.deepEqual(long.map(([, payload]) => payload?.length), ofMetrics.map(() => 4096));
});

Deno.test("RedisBackend reports each change of ready", async () => {
  await using fixture = await Fixture.start();
  const changes: boolean[] = [];
  fixture.backend.onReady((ready) => void changes.push(ready));
  fixture.server.cut();
  await fixture.connected(4);
  assert.deepEqual(changes, [false, true]);
});

Deno.test(
  "RedisBackend sends a message of the maximum size, and refuses a larger one for good",
  async () => {
    const metric = coreMetric(1);
    await using fixture = await Fixture.start({ maxBulkStringBytes: metric.bytes.length });
    await fixture.backend.send(metric);
    const larger = { ...metric, bytes: new Uint8Array(metric.bytes.length + 1) };
    const error = await errorOf(fixture.backend.send(larger));
    assert.deepEqual([error.retriable, error.reason], [false, "too_big"]);
    assert.match(error.message, /at most \d+ bytes .*raise --redis_max_bulk_string_bytes/);
    assert.equal(fixture.server.commandsNamed("PUBLISH").length, 1);
  },
);

Deno.test(
  "RedisBackend reports a rejection until a message on the same link is accepted",
  async () => {
    await using fixture = await Fixture.start();
    const { backend } = fixture;
    fixture.replyTo(
      "PUBLISH",
      ([, channel]) => channel === "physiology:core_metrics" ? "-NOPERM no\r\n" : undefined,
    );
    const error = await errorOf(backend.send(coreMetric(1)));
    assert.deepEqual([error.retriable, error.reason], [true, "link"]);
    assert.match(backend.problem ?? "", /lacks a permission/);
    await backend.send(frame(1, 100));
    assert.match(backend.problem ?? "", /lacks a permission/);
    fixture.server.reply = () => undefined;
    await backend.send(coreMetric(2));
    assert.equal(backend.problem, undefined);
  },
);

Deno.test("RedisBackend logs rejections every 5 s", async () => {
  await using fixture = await Fixture.start();
  fixture.replyTo("PUBLISH", () => "-NOPERM no\r\n");
  for (const [nowMs, lines] of [[0, 1], [4500, 1], [5500, 2]] as const) {
    fixture.log.time.nowMs = nowMs;
    await errorOf(fixture.backend.send(coreMetric(1)));
    assert.equal(fixture.log.linesWith("NOPERM").length, lines, `${nowMs} ms`);
  }
});

Deno.test("RedisBackend takes a lost link for no rejection", async () => {
  await using fixture = await Fixture.start();
  const { backend, server } = fixture;
  fixture.replyTo("PUBLISH", () => SILENCE);
  const pending = errorOf(backend.send(coreMetric(1)));
  await waitFor("the message", () => server.commandsNamed("PUBLISH").length > 0, { pollMs: 1 });
  server.cut();
  assert.equal((await pending).retriable, true);
  await fixture.connected(4);
  assert.equal(backend.problem, undefined);
});

Deno.test("RedisBackend logs every message only with debug logging", async () => {
  for (const enableDebugLogging of [false, true]) {
    await using fixture = await Fixture.start({ enableDebugLogging });
    await fixture.backend.send(coreMetric(1));
    assert.equal(fixture.log.linesWith("Sent to Redis").length, enableDebugLogging ? 1 : 0);
  }
});

Deno.test("RedisBackend connects again with reloaded options, and uses their prefix", async () => {
  await using fixture = await Fixture.start();
  fixture.backend.reload(optionsFor(fixture.server, { keyPrefix: "icu" }));
  await fixture.connected(4);
  await fixture.backend.send(coreMetric(1));
  assert.deepEqual(fixture.server.commandsNamed("PUBLISH").map(([, channel]) => channel), [
    "icu:core_metrics",
  ]);
});

Deno.test("RedisBackend stores envelopes in keys and streams, in order", async () => {
  await using fixture = await Fixture.start({ usePubsub: false });
  const { backend, server } = fixture;
  assert.equal(backend.inOrder, true);
  assert.deepEqual(await backend.send(coreMetric(1)), {});
  assert.deepEqual(
    server.commands.filter(([name]) => /^(SET|X|EXPIRE|PUBLISH)/.test(name!)).map(([name]) => name),
    ["SET", "XADD", "XTRIM", "EXPIRE"],
  );
  backend.reload(optionsFor(server, { usePubsub: false, keyPrefix: "icu" }));
  await fixture.connected(4);
  await backend.send(coreMetric(2));
  assert.equal(server.commandsNamed("SET")[1]?.[1], "icu:core_metrics");
});

Deno.test(
  "RedisBackend appends a late entry under an id of Redis, and passes other errors on",
  async () => {
    await using fixture = await Fixture.start({ usePubsub: false });
    const { backend, server } = fixture;
    fixture.replyTo(
      "XADD",
      (command) =>
        command.includes("*") ? undefined : "-ERR The ID specified in XADD is equal or smaller\r\n",
    );
    await backend.send(coreMetric(1));
    assert.equal(server.commandsNamed("XADD").length, 2);
    fixture.replyTo("XADD", () => "-OOM command not allowed\r\n");
    const error = await errorOf(backend.send(coreMetric(2)));
    assert.match(error.message, /out of memory/);
    assert.equal(server.commandsNamed("XADD").length, 3);
  },
);

Deno.test("RedisBackend does not count the receivers of PUBLISH in a cluster", async () => {
  const server = new FakeRedis();
  joinCluster([server]);
  await using fixture = await Fixture.start({ cluster: true }, server);
  assert.deepEqual(await fixture.backend.send(coreMetric(1)), {});
});

Deno.test(
  "RedisBackend expects sharded subscribers to move for 5 s from the first message that reaches none",
  async () => {
    const server = new FakeRedis();
    joinCluster([server]);
    await using fixture = await Fixture.start({ cluster: true, shardedPublish: true }, server);
    using time = new ManualPerformance();
    const { backend } = fixture;
    let receivers = 0;
    const { reply } = server;
    server.reply = (command) => command[0] === "SPUBLISH" ? `:${receivers}\r\n` : reply(command);
    const send = () => backend.send(coreMetric(1));
    assert.deepEqual(await send(), { receivers: 0, subscribersMoving: false });
    receivers = 1;
    assert.deepEqual(await send(), { receivers: 1, subscribersMoving: false });
    for (let migration = 0; migration < 2; migration++) {
      receivers = 0;
      // Nothing is sent during a failover.
      time.advance(60_000);
      assert.deepEqual(await send(), { receivers: 0, subscribersMoving: true });
      time.advance(4500);
      assert.deepEqual(await send(), { receivers: 0, subscribersMoving: true });
      time.advance(1000);
      assert.deepEqual(await send(), { receivers: 0, subscribersMoving: false });
      receivers = 1;
      assert.deepEqual(await send(), { receivers: 1, subscribersMoving: false });
    }
  },
);

Deno.test(
  "RedisBackend expects one of two sharded subscribers to follow for 5 s, and then counts one",
  async () => {
    const server = new FakeRedis();
    joinCluster([server]);
    await using fixture = await Fixture.start({ cluster: true, shardedPublish: true }, server);
    using time = new ManualPerformance();
    let receivers = 2;
    const { reply } = server;
    server.reply = (command) => command[0] === "SPUBLISH" ? `:${receivers}\r\n` : reply(command);
    const isMoving = async (count: number) => {
      receivers = count;
      return (await fixture.backend.send(coreMetric(1))).subscribersMoving;
    };
    assert.equal(await isMoving(2), false);
    for (
      const { count, afterMs, moving } of [
        { count: 0, afterMs: 7000, moving: true },
        { count: 1, afterMs: 4000, moving: true },
        { count: 2, afterMs: 500, moving: false },
        { count: 1, afterMs: 0, moving: true },
        { count: 1, afterMs: 4500, moving: true },
        { count: 1, afterMs: 1000, moving: false },
        { count: 1, afterMs: 0, moving: false },
        { count: 0, afterMs: 0, moving: true },
        { count: 1, afterMs: 0, moving: false },
      ]
    ) {
      time.advance(afterMs);
      assert.equal(await isMoving(count), moving, `${count} after ${afterMs} ms`);
    }
  },
);

Deno.test(
  "RedisBackend uses SPUBLISH without a cluster too, and counts its receivers",
  async () => {
    await using fixture = await Fixture.start({ shardedPublish: true });
    assert.deepEqual(await fixture.backend.send(coreMetric(1)), { receivers: 1 });
    assert.equal(fixture.server.commandsNamed("SPUBLISH").length, 1);
  },
);

/** A backend whose timers and whose measured time pass only by the test. */
async function startWithHeldTime(options: Partial<RedisOptions> = {}) {
  const timers = new HeldTimers();
  const fixture = await Fixture.start({ operationTimeoutMs: 1000, ...options });
  const time = new ManualPerformance();
  const { backend, server } = fixture;
  const pending: Promise<unknown>[] = [];
  return {
    ...fixture,
    timers,
    time,
    /** Settles, for each message of `send`, once it has failed. */
    failed: pending,
    backend,
    server,
    /** Sends a message that is not answered. */
    async send(outgoing: Parameters<RedisBackend["send"]>[0]) {
      const before = server.commandsNamed("PUBLISH").length;
      server.reply = ([name]) => name === "PUBLISH" ? SILENCE : undefined;
      pending.push(backend.send(outgoing).catch(() => {}));
      while (server.commandsNamed("PUBLISH").length === before) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    },
    /** Lets the time pass, and the next check of the timeouts happen. */
    pass(ms: number) {
      time.advance(ms);
      timers.advance(100);
    },
    async [Symbol.asyncDispose]() {
      time[Symbol.dispose]();
      await fixture[Symbol.asyncDispose]();
      await Promise.all(pending);
      assert.deepEqual(timers.remainingMs.filter((ms) => ms <= 1000), [], "no timer is left");
      timers[Symbol.dispose]();
    },
  };
}

Deno.test("RedisBackend resets both links when a metric gets no answer in time", async () => {
  await using held = await startWithHeldTime();
  await held.send(coreMetric(1));
  held.pass(900);
  assert.equal(held.backend.ready, true);
  held.pass(200);
  assert.equal(held.backend.ready, false);
  assert.match(held.backend.problem ?? "", /did not respond in time/);
  await waitForReal(() => held.server.opened === 4);
});

Deno.test("RedisBackend checks every 100 ms", async () => {
  await using held = await startWithHeldTime();
  assert.deepEqual(held.timers.remainingMs, [100]);
});

Deno.test("RedisBackend gives the bytes in flight time on top of the timeout", async () => {
  await using held = await startWithHeldTime();
  // 62.5 bytes/ms are allowed before a rate was measured.
  await held.send({ ...coreMetric(1), bytes: new Uint8Array(125_000) });
  held.pass(2900);
  assert.equal(held.backend.ready, true);
  held.pass(200);
  assert.equal(held.backend.ready, false);
});

Deno.test(
  "RedisBackend resets only the link of the frames when they alone get no answer",
  async () => {
    await using held = await startWithHeldTime();
    await held.send(frame(1, 1000));
    const { opened } = held.server;
    held.pass(900);
    assert.equal(held.backend.problem, undefined);
    held.pass(300);
    assert.match(held.backend.problem ?? "", /did not respond in time/);
    assert.equal(held.backend.ready, true);
    await waitForReal(() => held.server.opened === opened + 1);
  },
);

Deno.test("RedisBackend.discardFrames() gives metrics time to pass what the network already has", async () => {
  await using held = await startWithHeldTime();
  const { backend, server } = held;
  await held.send(frame(1, 93_000)); // about 124 KB in its envelope: 2 s at 500 kbit/s
  await held.send(coreMetric(1));
  backend.discardFrames();
  await waitForReal(() => server.opened === 3);
  held.pass(2900);
  assert.equal(backend.ready, true);
  held.pass(200);
  assert.equal(backend.ready, false);
});

Deno.test(
  "RedisBackend first resets the frames in flight, and gives metrics time to pass them",
  async () => {
    await using held = await startWithHeldTime();
    const { backend, server, time } = held;
    // About 1240 bytes/ms are measured: four times the time for these frames is 400 ms.
    server.reply = ([name]) => {
      if (name === "PUBLISH") time.advance(100);
      return undefined;
    };
    for (let count = 0; count < 15; count++) await backend.send(frame(count, 93_000));
    await held.send(frame(16, 93_000));
    await held.send(coreMetric(1));
    held.pass(1300);
    assert.equal(backend.problem, undefined);
    held.pass(300);
    assert.match(backend.problem ?? "", /did not respond in time/);
    await held.failed[0];
    // At 1 Mbit/s the frame takes 1000 ms more than the timeout.
    held.pass(300);
    assert.equal(backend.ready, true);
    held.pass(200);
    assert.equal(backend.ready, false);
  },
);

async function waitForReal(condition: () => boolean): Promise<void> {
  for (let polls = 0; polls < 2000; polls++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("The condition was not met");
}
