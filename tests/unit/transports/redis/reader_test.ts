import assert from "node:assert/strict";
import type { RedisOptions } from "../../../../src/transports/redis/options.ts";
import { RedisReader } from "../../../../src/transports/redis/reader.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import {
  array,
  bulk,
  FakeRedis,
  joinCluster,
  map,
  push,
  type Replier,
} from "../../../support/fake_redis.ts";
import { fixedRandom } from "../../../support/fixed_random.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { optionsFor } from "../../../support/redis_outbox.ts";
import { waitFor } from "../../../support/wait.ts";

/** A reader of a fake server; it is closed before the server. */
class Fixture implements AsyncDisposable {
  readonly server = new FakeRedis();
  readonly log = new CollectingLog();
  readonly messages: [string, string][] = [];
  readonly reader: RedisReader;

  constructor(options: Partial<RedisOptions> = {}) {
    if (options.cluster) joinCluster([this.server]);
    this.reader = new RedisReader({
      redis: optionsFor(this.server, options),
      log: this.log,
      onMessage: (channel, message) => void this.messages.push([channel, message.toString()]),
    });
  }

  /** Waits until both connections are usable. */
  async ready(): Promise<void> {
    await waitFor("the subscriber", () => this.reader.ready, { pollMs: 1 });
    await waitFor("the commands", () => this.reader.get("x").then(() => true, () => false), {
      pollMs: 1,
    });
  }

  /** Replies to commands of a name in its own way. */
  replyTo(replies: Readonly<Record<string, Replier>>): void {
    const { reply } = this.server;
    this.server.reply = (command) => replies[command[0]!]?.(command) ?? reply(command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader[Symbol.asyncDispose]();
    await waitFor("no connection", () => this.server.open === 0, { pollMs: 1 });
    await this.server[Symbol.asyncDispose]();
  }
}

const subscribed: Replier = ([name, channel]) =>
  push(bulk(name!.toLowerCase()), bulk(channel!), ":1\r\n");

Deno.test("RedisReader holds the lease of subscribed frames in a cluster, and only there", async () => {
  for (const cluster of [true, false]) {
    await using fixture = new Fixture({ cluster });
    const { reader, server } = fixture;
    fixture.replyTo({ SUBSCRIBE: subscribed, SET: () => "+OK\r\n" });
    await fixture.ready();
    await reader.subscribe("b:status", "a:frame");
    await reader.get("x"); // answered after what was sent before
    const leases = server.commandsNamed("SET");
    assert.deepEqual(leases, cluster ? [["SET", "a:frame:demand", "1", "EX", "10"]] : []);
  }
});

Deno.test("RedisReader follows a redirection of SSUBSCRIBE in a cluster only", async () => {
  for (const cluster of [true, false]) {
    await using owner = new FakeRedis();
    await using fixture = new Fixture({ cluster, shardedPublish: true });
    const { reader, log } = fixture;
    const ownerReply = owner.reply;
    owner.reply = (command) =>
      command[0] === "SSUBSCRIBE" ? subscribed(command) : ownerReply(command);
    fixture.replyTo({ SSUBSCRIBE: () => `-MOVED 3999 ${owner.hostname}:${owner.port}\r\n` });
    await fixture.ready();
    const added = reader.subscribe("ward:status");
    if (cluster) {
      await added;
      assert.deepEqual(owner.commandsNamed("SSUBSCRIBE"), [["SSUBSCRIBE", "ward:status"]]);
    } else {
      await waitFor("the refusal", () => log.lines.length > 0, { pollMs: 1 });
      assert.equal(owner.open, 0);
    }
    assert.equal(reader.ready, cluster);
    await assert.rejects(reader.subscribePattern("ward-*:status"), /have no patterns/);
  }
});

Deno.test("RedisReader passes the messages of its channels and patterns on", async () => {
  await using fixture = new Fixture();
  const { reader, server } = fixture;
  assert.equal(reader.ready, false);
  fixture.replyTo({ SUBSCRIBE: subscribed, PSUBSCRIBE: subscribed, UNSUBSCRIBE: subscribed });
  await fixture.ready();
  await reader.subscribe("ward:status");
  await reader.subscribePattern("ward-*");
  await server.send(push(bulk("message"), bulk("ward:status"), bulk("one")));
  await server.send(push(bulk("pmessage"), bulk("ward-*"), bulk("ward-2:status"), bulk("two")));
  await waitFor("the messages", () => fixture.messages.length === 2, { pollMs: 1 });
  assert.deepEqual(fixture.messages, [["ward:status", "one"], ["ward-2:status", "two"]]);
  await reader.unsubscribe("ward:status");
  assert.deepEqual(server.commandsNamed("UNSUBSCRIBE"), [["UNSUBSCRIBE", "ward:status"]]);
});

Deno.test("RedisReader pings every second, until it is disposed", async () => {
  await using fixture = new Fixture();
  const { server, reader } = fixture;
  await fixture.ready();
  using timers = new HeldTimers();
  await using second = new Fixture();
  await second.ready();
  assert.equal(server.commandsNamed("PING").length, 0);
  timers.advance(900);
  assert.equal(second.server.commandsNamed("PING").length, 0);
  for (const count of [1, 2]) {
    timers.advance(1000);
    await waitFor("a ping", () => second.server.commandsNamed("PING").length === count, {
      pollMs: 1,
    });
  }
  await second.reader[Symbol.asyncDispose]();
  assert.ok(!timers.remainingMs.some((ms) => ms <= 1000), `${timers.remainingMs}`);
  assert.equal(reader.ready, true);
});

Deno.test("RedisReader reads keys of all pages, values and the newest entry", async () => {
  await using fixture = new Fixture();
  const { reader, server } = fixture;
  fixture.replyTo({
    SCAN: ([, cursor]) =>
      cursor === "0"
        ? array(bulk("7"), array(bulk("a"), bulk("b")))
        : array(bulk("0"), array(bulk("c"))),
    GET: ([, key]) => key === "a" ? bulk("value") : "$-1\r\n",
    XREVRANGE: ([, stream]) =>
      stream === "history"
        ? array(array(bulk("5-0"), array(bulk("envelope"), bulk("{}"))))
        : "*0\r\n",
  });
  await fixture.ready();
  assert.deepEqual(await reader.keys("*:status"), ["a", "b", "c"]);
  assert.deepEqual(server.commandsNamed("SCAN"), [
    ["SCAN", "0", "MATCH", "*:status", "COUNT", "1000"],
    ["SCAN", "7", "MATCH", "*:status", "COUNT", "1000"],
  ]);
  assert.deepEqual([await reader.get("a"), await reader.get("b")], ["value", null]);
  assert.equal(await reader.newestEntry("history"), "5-0");
  assert.equal(await reader.newestEntry("other"), undefined);
  assert.deepEqual(server.commandsNamed("XREVRANGE")[0], [
    "XREVRANGE",
    "history",
    "+",
    "-",
    "COUNT",
    "1",
  ]);
});

Deno.test("RedisReader reads the entries of several streams after their ids", async () => {
  for (const cluster of [false, true]) {
    await using fixture = new Fixture({ cluster });
    const { reader, server } = fixture;
    const entry = (stream: string) =>
      [
        bulk(stream),
        array(array(bulk("9-0"), array(bulk("envelope"), bulk(`of ${stream}`)))),
      ] as const;
    fixture.replyTo({
      XREAD: (words) => map(...["a", "b"].filter((name) => words.includes(name)).map(entry)),
    });
    await fixture.ready();
    assert.deepEqual(await reader.readEntries(new Map([["a", "1-0"], ["b", "2-0"]]), 50), [
      { stream: "a", id: "9-0", envelope: "of a" },
      { stream: "b", id: "9-0", envelope: "of b" },
    ]);
    const expected = cluster
      ? [["STREAMS", "a", "1-0"], ["STREAMS", "b", "2-0"]]
      : [["STREAMS", "a", "b", "1-0", "2-0"]];
    assert.deepEqual(
      server.commandsNamed("XREAD"),
      expected.map((streams) => ["XREAD", "COUNT", "50", ...streams]),
    );
    fixture.replyTo({ XREAD: () => "_\r\n" });
    assert.deepEqual(await reader.readEntries(new Map([["a", "9-0"]]), 50), []);
  }
});

Deno.test("RedisReader.keys() asks every master of a cluster", async () => {
  await using fixture = new Fixture({ cluster: true });
  await using other = new FakeRedis();
  joinCluster([fixture.server, other]);
  for (const [name, server] of [["a", fixture.server], ["b", other]] as const) {
    const { reply } = server;
    server.reply = (command) =>
      command[0] === "SCAN" ? array(bulk("0"), array(bulk(name))) : reply(command);
  }
  await fixture.ready();
  assert.deepEqual((await fixture.reader.keys("*")).toSorted(), ["a", "b"]);
});

Deno.test("RedisReader pushes a command to the queue of an appliance", async () => {
  await using fixture = new Fixture();
  await fixture.ready();
  await fixture.reader.pushCommand("ward", { recording: true });
  assert.deepEqual(fixture.server.commandsNamed("LPUSH"), [
    ["LPUSH", "ward:command_queue", '{"recording":true}'],
  ]);
});

Deno.test("RedisReader fails a command that is not answered in time", async () => {
  await using fixture = new Fixture({ operationTimeoutMs: 50 });
  await fixture.ready();
  fixture.replyTo({ GET: () => "" });
  await assert.rejects(fixture.reader.get("a"), /timed out/);
});

Deno.test("RedisReader reconnects by itself, and fails commands at once meanwhile", async () => {
  await using fixture = new Fixture();
  const { server, reader } = fixture;
  await fixture.ready();
  server.cut();
  await waitFor("the loss", () => !reader.ready, { pollMs: 1 });
  await assert.rejects(reader.get("a"));
  await fixture.ready();
  assert.equal(server.opened, 4);
});

Deno.test("RedisReader logs every 10 s that it cannot reach the server", async () => {
  const closed = new FakeRedis();
  await closed[Symbol.asyncDispose]();
  const log = new CollectingLog();
  await using _reader = new RedisReader({ redis: optionsFor(closed), log, onMessage() {} });
  const lines = () => log.linesWith("Cannot reach Redis at 127.0.0.1").length;
  await waitFor("the line", () => lines() === 1, { pollMs: 1 });
  log.time.nowMs = 9000;
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(lines(), 1);
  log.time.nowMs = 11_000;
  await waitFor("the second line", () => lines() === 2, { pollMs: 1 });
});

Deno.test(
  "RedisReader closes a connection whose peer sends a larger message than the limit",
  async () => {
    await using fixture = new Fixture({ maxBulkStringBytes: 1000 });
    const { server, reader } = fixture;
    await fixture.ready();
    fixture.replyTo({ GET: () => "$1001\r\n" });
    await assert.rejects(reader.get("a"));
    await waitFor("another connection", () => server.opened === 3, { pollMs: 1 });
  },
);

Deno.test("RedisReader subscribes on another node of a cluster when its own is gone", async () => {
  await using fixture = new Fixture({ cluster: true });
  await using other = new FakeRedis();
  joinCluster([fixture.server, other]);
  await fixture.ready();
  const namesOn = (server: FakeRedis) => server.commandsNamed("SUBSCRIBE").length;
  for (const server of [fixture.server, other]) {
    const { reply } = server;
    server.reply = (command) => command[0] === "SUBSCRIBE" ? subscribed(command) : reply(command);
  }
  await fixture.reader.subscribe("ward:status");
  assert.equal(namesOn(fixture.server), 1);
  fixture.server.farewell = "";
  fixture.server.cut();
  await waitFor("the other node", () => namesOn(other) === 1, { pollMs: 1 });
});

Deno.test("RedisReader renews its channels and patterns after a reconnect", async () => {
  await using fixture = new Fixture();
  const { reader, server } = fixture;
  fixture.replyTo({ SUBSCRIBE: subscribed, PSUBSCRIBE: subscribed, UNSUBSCRIBE: subscribed });
  await fixture.ready();
  await reader.subscribe("ward:status");
  await reader.subscribe("ward:other");
  await reader.unsubscribe("ward:other");
  await reader.subscribePattern("ward-*");
  server.commands.length = 0;
  server.cut();
  await waitFor("the pattern", () => server.commandsNamed("PSUBSCRIBE").length === 1, {
    pollMs: 1,
  });
  assert.deepEqual(server.commandsNamed("SUBSCRIBE"), [["SUBSCRIBE", "ward:status"]]);
  assert.deepEqual(server.commandsNamed("PSUBSCRIBE"), [["PSUBSCRIBE", "ward-*"]]);
});

Deno.test("RedisReader retries a renewal that was refused with its next ping", async () => {
  await using fixture = new Fixture();
  const { reader, server, log } = fixture;
  let replies: Replier = subscribed;
  fixture.replyTo({ SUBSCRIBE: (command) => replies(command) });
  await fixture.ready();
  await reader.subscribe("ward:status");
  replies = () => "-NOPERM No permissions to access a channel\r\n";
  server.commands.length = 0;
  server.cut();
  const attempts = () => server.commandsNamed("SUBSCRIBE").length;
  await waitFor("the refusal", () => log.linesWith("NOPERM").length === 1, { pollMs: 1 });
  replies = subscribed;
  const before = attempts();
  await waitFor("another attempt", () => attempts() > before);
  await server.send(push(bulk("message"), bulk("ward:status"), bulk("one")));
  await waitFor("the message", () => fixture.messages.length === 1, { pollMs: 1 });
});

Deno.test("RedisReader can be disposed while it renews its channels", async () => {
  await using fixture = new Fixture();
  const { reader, server } = fixture;
  let replies: Replier = subscribed;
  fixture.replyTo({ SUBSCRIBE: (command) => replies(command) });
  await fixture.ready();
  await reader.subscribe("ward:status");
  replies = () => "";
  server.commands.length = 0;
  server.cut();
  await waitFor("the renewal", () => server.commandsNamed("SUBSCRIBE").length > 0, { pollMs: 1 });
});

Deno.test("RedisReader fails a command at once while it has no connection", async () => {
  for (const cluster of [false, true]) {
    const closed = new FakeRedis();
    await closed[Symbol.asyncDispose]();
    const redis = optionsFor(closed, { cluster, operationTimeoutMs: 5000 });
    await using reader = new RedisReader({ redis, log: new CollectingLog(), onMessage() {} });
    const error = await reader.get("a").then(() => undefined, (error: Error) => error);
    assert.doesNotMatch(error?.message ?? "", /timed out/);
    assert.notEqual(error, undefined);
  }
});

Deno.test("RedisReader does not connect again after it was disposed", async () => {
  using _random = fixedRandom(0);
  await using fixture = new Fixture();
  await fixture.ready();
  await fixture.reader[Symbol.asyncDispose]();
  const { opened } = fixture.server;
  // The first pause before a reconnect would be 25 ms.
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual([fixture.server.opened, fixture.server.open], [opened, 0]);
});
