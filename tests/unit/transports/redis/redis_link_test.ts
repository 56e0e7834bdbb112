import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { RedisOptions } from "../../../../src/transports/redis/options.ts";
import { RedisLink } from "../../../../src/transports/redis/redis_link.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { FakeRedis, joinCluster } from "../../../support/fake_redis.ts";
import { fixedRandom } from "../../../support/fixed_random.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { clock } from "../../../support/messages.ts";
import { optionsFor } from "../../../support/redis_outbox.ts";
import { ManualPerformance } from "../../../support/manual_performance.ts";
import { waitFor } from "../../../support/wait.ts";

const SILENCE = "";

/** A link to a fake server; it is closed before the server. */
class Fixture implements AsyncDisposable {
  readonly server = new FakeRedis();
  readonly log = new CollectingLog();
  readonly changes: boolean[] = [];
  readonly link: RedisLink;
  readonly options: RedisOptions;

  constructor(options: Partial<RedisOptions> = {}, mayReconnect = () => true) {
    this.options = optionsFor(this.server, options);
    const context = { options: this.options, log: this.log, mayReconnect };
    this.link = new RedisLink("metrics", context);
    this.link.onReady((ready) => void this.changes.push(ready));
  }

  async start(): Promise<void> {
    this.link.start();
    await this.ready();
  }

  async ready(): Promise<void> {
    await waitFor("the link", () => this.link.ready, { pollMs: 1 });
  }

  /** Waits until the server has as many open connections as that. */
  async open(count: number): Promise<void> {
    await waitFor(`${count} connections`, () => this.server.open === count, { pollMs: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.open(0);
    await this.server[Symbol.asyncDispose]();
  }
}

/** What does not work about a link; undefined if it works. */
function faultOf({ problem }: RedisLink): string | undefined {
  return problem?.fault;
}

Deno.test(
  "RedisLink is ready once PING was answered, and answers commands in their order",
  async () => {
    await using fixture = new Fixture();
    const { link, server } = fixture;
    assert.deepEqual([link.ready, link.connections, link.measured], [false, 0, undefined]);
    await fixture.start();
    assert.deepEqual([link.connections, fixture.changes, link.problem], [1, [true], undefined]);
    server.reply = ([, key]) => `+${key}\r\n`;
    const replies = await Promise.all([link.call(["GET", "a"]), link.call(["GET", "b", 3])]);
    assert.deepEqual(replies, [Buffer.from("a"), Buffer.from("b")]);
    assert.deepEqual(server.commandsNamed("GET"), [["GET", "a"], ["GET", "b", "3"]]);
    const { endpoint } = link;
    assert.deepEqual(fixture.log.lines, [`<6>Connected to Redis at ${endpoint} link="metrics"`]);
  },
);

Deno.test("RedisLink names its connection by its role", async () => {
  await using fixture = new Fixture();
  await fixture.start();
  const names = fixture.server.commandsNamed("CLIENT").filter(([, word]) => word === "setname");
  assert.deepEqual(names, [["CLIENT", "setname", "physiology_server:metrics"]]);
});

Deno.test("RedisLink.measured has the shorter of two pings as RTT, in microseconds", async () => {
  for (const pingsMs of [[40, 3], [3, 40]]) {
    await using fixture = new Fixture();
    using time = new ManualPerformance();
    fixture.server.reply = ([name]) => {
      if (name === "PING") time.advance(pingsMs.shift() ?? 0);
      return undefined;
    };
    fixture.link.start();
    for (let wait = 0; wait < 1000 && !fixture.link.ready; wait++) await clock.sleep(1);
    assert.equal(Math.round(fixture.link.measured!.rttUs), 3000);
  }
});

Deno.test("RedisLink.measure() measures the connection again, and is undefined without one", async () => {
  await using fixture = new Fixture();
  const { link, server } = fixture;
  assert.equal(await link.measure(), undefined);
  await fixture.start();
  const pings = server.commandsNamed("PING").length;
  const measured = await link.measure();
  assert.ok(measured && measured.rttUs > 0);
  assert.ok(server.commandsNamed("PING").length > pings);
  server.reply = () => SILENCE;
  const pending = link.measure();
  link.reset("The test timed out");
  assert.equal(await pending, undefined);
});

Deno.test("RedisLink.call() fails at once while there is no connection", async () => {
  await using fixture = new Fixture();
  await assert.rejects(fixture.link.call(["GET", "a"]), /The connection is closed/);
  await fixture.start();
  await fixture.link[Symbol.asyncDispose]();
  await assert.rejects(fixture.link.call(["GET", "a"]), /The connection is closed/);
});

Deno.test(
  "RedisLink reconnects after the server has closed the connection, and reports it meanwhile",
  async () => {
    await using fixture = new Fixture();
    const { link, server } = fixture;
    await fixture.start();
    server.reply = ([name]) => name === "GET" ? SILENCE : undefined;
    const pending = link.call(["GET", "a"]);
    server.cut();
    await assert.rejects(pending);
    await waitFor("the loss", () => link.problem, { pollMs: 1 });
    assert.match(link.problem?.message ?? "", /^Lost the connection to Redis at 127/);
    await fixture.ready();
    assert.deepEqual([link.connections, fixture.changes], [2, [true, false, true]]);
    assert.equal(link.problem, undefined);
    assert.equal(fixture.log.linesWith("Connected to Redis").length, 2);
  },
);

Deno.test(
  "RedisLink doubles its pauses, and starts again with the shortest after a usable connection",
  async () => {
    await using fixture = new Fixture();
    using timers = new HeldTimers();
    using _random = fixedRandom(1);
    const { link, server } = fixture;
    server.reply = ([name]) => name === "PING" ? "-LOADING its data\r\n" : undefined;
    link.start();
    for (const pauseMs of [100, 200, 400, 500, 500]) {
      const isPausing = () => timers.remainingMs.join() === String(pauseMs);
      await waitFor(`a pause of ${pauseMs} ms`, isPausing, { pollMs: 1 });
      assert.equal(link.problem?.fault, "loading");
      if (pauseMs === 500) server.reply = () => undefined;
      timers.advance(pauseMs - 1);
      assert.deepEqual(timers.remainingMs, [1]);
      timers.advance(1);
      if (pauseMs === 500) break;
    }
    await fixture.ready();
    server.cut();
    await waitFor("the loss", () => !link.ready, { pollMs: 1 });
    const pauses = timers.remainingMs.filter((ms) => ms < 500);
    assert.deepEqual(pauses, [], "the first pause is shorter than 100 ms");
    await fixture.ready();
    assert.equal(link.connections, 2);
  },
);

Deno.test(
  "RedisLink gives up an attempt after the timeouts for connecting and for an operation",
  async () => {
    await using fixture = new Fixture({ connectionTimeoutMs: 3000, operationTimeoutMs: 1000 });
    using timers = new HeldTimers();
    const { link, server } = fixture;
    server.reply = ([name]) => name === "PING" ? SILENCE : undefined;
    link.start();
    await waitFor("the ping", () => server.commandsNamed("PING").length > 0, { pollMs: 1 });
    timers.advance(3600);
    assert.equal(faultOf(link), undefined);
    timers.advance(800);
    assert.equal(faultOf(link), "timeout");
    await waitFor("another attempt", () => server.opened > 1, { pollMs: 1 });
  },
);

Deno.test(
  "RedisLink connects once more each 0.5 s without any response, and uses the first that responds",
  async () => {
    await using fixture = new Fixture({ connectionTimeoutMs: 5000, operationTimeoutMs: 1000 });
    using timers = new HeldTimers();
    const { link, server } = fixture;
    server.reply = () => SILENCE;
    link.start();
    await waitFor("a command", () => server.commands.length > 0, { pollMs: 1 });
    timers.advance(400);
    assert.equal(server.opened, 1);
    timers.advance(200);
    await waitFor("a second connection", () => server.opened === 2, { pollMs: 1 });
    server.reply = () => undefined;
    timers.advance(500);
    await fixture.ready();
    assert.deepEqual([server.opened, link.connections, link.problem], [3, 1, undefined]);
    await fixture.open(1);
    assert.deepEqual(timers.remainingMs, []);
  },
);

Deno.test("RedisLink connects only once while the peer responds, however slowly", async () => {
  await using fixture = new Fixture({ connectionTimeoutMs: 5000, operationTimeoutMs: 1000 });
  using timers = new HeldTimers();
  const { link, server } = fixture;
  server.reply = ([name]) => name === "PING" ? SILENCE : undefined;
  link.start();
  await waitFor("the ping", () => server.commandsNamed("PING").length > 0, { pollMs: 1 });
  timers.advance(4900);
  assert.equal(server.opened, 1);
});

Deno.test("RedisLink leaves no timer behind that would reset a connection that works", async () => {
  await using fixture = new Fixture();
  using timers = new HeldTimers();
  await fixture.start();
  assert.deepEqual(timers.remainingMs, []);
  timers.advance(3_600_000);
  assert.deepEqual([fixture.link.ready, fixture.link.connections], [true, 1]);
});

Deno.test(
  "RedisLink has no timer and no connection after it was disposed in any state",
  async () => {
    for (const state of ["connecting", "ready", "waiting"] as const) {
      await using fixture = new Fixture();
      using timers = new HeldTimers();
      using _random = fixedRandom(1);
      const { link, server } = fixture;
      if (state === "connecting") {
        server.reply = ([name]) => name === "PING" ? SILENCE : undefined;
        link.start();
        await waitFor("the ping", () => server.commandsNamed("PING").length > 0, { pollMs: 1 });
      } else if (state === "waiting") {
        server.reply = ([name]) => name === "PING" ? "-LOADING its data\r\n" : undefined;
        link.start();
        await waitFor("a pause", () => timers.remainingMs.includes(200) || timers.advance(100), {
          pollMs: 5,
        });
      } else await fixture.start();
      await link[Symbol.asyncDispose]();
      await fixture.open(0);
      assert.deepEqual(timers.remainingMs, [], state);
      const { opened } = server;
      link.reset("Too late");
      link.reload(fixture.options);
      timers.advance(60_000);
      assert.deepEqual([server.opened, link.ready], [opened, false], state);
      assert.equal(fixture.changes.at(-1), state === "ready" ? false : undefined);
    }
  },
);

Deno.test(
  "RedisLink.reset() fails what is in flight, names the reason and reconnects",
  async () => {
    await using fixture = new Fixture();
    const { link, server } = fixture;
    link.reset("Before the start");
    assert.equal(faultOf(link), undefined);
    await fixture.start();
    server.reply = ([name]) => name === "GET" ? SILENCE : undefined;
    const pending = link.call(["GET", "a"]);
    link.reset("The test timed out");
    assert.deepEqual([link.ready, faultOf(link)], [false, "timeout"]);
    await assert.rejects(pending);
    await fixture.ready();
    await fixture.open(1);
    assert.deepEqual([server.opened, link.connections], [2, 2]);
  },
);

Deno.test(
  "RedisLink.reload() reconnects with the new options, and only if it was started",
  async () => {
    await using fixture = new Fixture();
    const { link, server, options } = fixture;
    link.reload({ ...options, database: 2 });
    assert.equal(server.opened, 0);
    await fixture.start();
    link.reload({ ...options, database: 3 });
    assert.equal(link.ready, false);
    await fixture.ready();
    await fixture.open(1);
    assert.deepEqual(server.commandsNamed("SELECT").map(([, database]) => database), ["2", "3"]);
    assert.equal(link.problem, undefined);
  },
);

Deno.test("RedisLink logs a lasting problem every 5 s, by one line for all links", async () => {
  await using fixture = new Fixture();
  using timers = new HeldTimers();
  const { link, server, log } = fixture;
  server.reply = ([name]) => name === "PING" ? "-NOPERM no\r\n" : undefined;
  link.start();
  const failedAttempts = async (count: number) => {
    // An attempt may be in flight, and each begins after the one before has failed.
    const opened = server.opened + count + 1;
    await waitFor("attempts", () => {
      const isPausing = timers.remainingMs.length === 1;
      if (isPausing) timers.advance(1000);
      return server.opened >= opened;
    }, { pollMs: 1 });
  };
  await failedAttempts(2);
  assert.equal(log.linesWith("NOPERM").length, 1);
  log.time.nowMs = 4500;
  await failedAttempts(2);
  assert.equal(log.linesWith("NOPERM").length, 1);
  log.time.nowMs = 5500;
  await failedAttempts(2);
  assert.equal(log.linesWith("NOPERM").length, 2);
});

Deno.test("RedisLink reads why a server closes each connection at once", async () => {
  await using fixture = new Fixture();
  fixture.server.farewell = "-ERR max number of clients reached\r\n";
  fixture.link.start();
  await waitFor("the reason", () => fixture.link.problem?.fault === "too_many_clients", {
    pollMs: 1,
  });
  fixture.server.farewell = undefined;
  await fixture.ready();
  assert.equal(fixture.link.problem, undefined);
});

Deno.test(
  "RedisLink keeps the reason of a problem while the server closes further connections",
  async () => {
    await using fixture = new Fixture();
    using _random = fixedRandom(0);
    const { link, server } = fixture;
    server.reply = ([name]) => name === "PING" ? "-NOPERM no\r\n" : undefined;
    link.start();
    await waitFor("the problem", () => link.problem, { pollMs: 1 });
    server.farewell = "";
    const { opened } = server;
    await waitFor("more attempts", () => server.opened > opened + 3, { pollMs: 1 });
    assert.equal(link.problem?.fault, "no_permission");
  },
);

Deno.test("RedisLink closes a connection whose peer sends more than the limits", async () => {
  await using fixture = new Fixture({ maxBulkStringBytes: 2000, maxArrayElements: 20 });
  const { link, server } = fixture;
  await fixture.start();
  server.reply = ([name]) => name === "GET" ? "$2001\r\n" : undefined;
  await assert.rejects(link.call(["GET", "a"]));
  assert.equal(link.problem?.fault, "not_redis");
  await fixture.ready();
  server.reply = ([name]) => name === "GET" ? `$2000\r\n${"x".repeat(2000)}\r\n` : undefined;
  assert.equal((await link.call(["GET", "a"]) as Buffer).length, 2000);
});

/** A link to a cluster of two masters. */
async function startCluster(more: Partial<RedisOptions> = {}) {
  const servers = [new FakeRedis(), new FakeRedis()];
  joinCluster(servers);
  const log = new CollectingLog();
  const options = optionsFor(servers[0]!, { cluster: true, connectionTimeoutMs: 500, ...more });
  const link = new RedisLink("metrics", { options, log });
  link.start();
  const ready = () => waitFor("the link", () => link.ready, { pollMs: 1 });
  await ready();
  return {
    servers,
    link,
    log,
    options,
    ready,
    async [Symbol.asyncDispose]() {
      await link[Symbol.asyncDispose]();
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

Deno.test(
  "RedisLink publishes through one master of a cluster, and commands with a key by their slot",
  async () => {
    await using cluster = await startCluster();
    const { link, servers } = cluster;
    assert.deepEqual(
      cluster.log.lines,
      [`<6>Connected to Redis at ${link.endpoint} link="metrics"`],
      "it was ready at the first attempt",
    );
    for (let at = 0; at < 20; at++) await link.call(["PUBLISH", `channel-${at}`, "x"]);
    const counts = (name: string) => servers.map((server) => server.commandsNamed(name).length);
    assert.deepEqual(counts("PUBLISH").toSorted(), [0, 20]);
    for (let at = 0; at < 20; at++) await link.call(["SPUBLISH", `channel-${at}`, "x"]);
    assert.ok(counts("SPUBLISH").every((count) => count > 0), `${counts("SPUBLISH")}`);
  },
);

Deno.test(
  "RedisLink goes on with the masters of a cluster that responded when one does not",
  async () => {
    await using cluster = await startCluster();
    const { link, servers } = cluster;
    await link.call(["PUBLISH", "a", "x"]);
    // Both nodes are connected.
    for (let at = 0; at < 8; at++) await link.call(["SPUBLISH", `channel-${at}`, "x"]);
    const silent = servers.find((server) => server.commandsNamed("PUBLISH").length > 0)!;
    const other = servers.find((server) => server !== silent)!;
    silent.reply = () => SILENCE;
    const pending = link.call(["PUBLISH", "a", "x"]);
    await waitFor("the message", () => silent.commandsNamed("PUBLISH").length === 2, { pollMs: 1 });
    const asked = silent.commandsNamed("CLUSTER").length;
    link.reset("The server did not answer: timed out");
    await assert.rejects(pending);
    await cluster.ready();
    await link.call(["PUBLISH", "a", "x"]);
    assert.equal(other.commandsNamed("PUBLISH").length, 1);
    assert.equal(
      silent.commandsNamed("CLUSTER").length,
      asked,
      "the silent one is not asked first",
    );
  },
);

Deno.test(
  "RedisLink forgets the nodes of a cluster when it is reloaded with another one",
  async () => {
    await using cluster = await startCluster();
    await using other = new FakeRedis();
    joinCluster([other]);
    const { link } = cluster;
    await link.call(["PUBLISH", "a", "x"]);
    link.reset("The server did not answer: timed out");
    await cluster.ready();
    link.reload({ ...cluster.options, port: other.port });
    await cluster.ready();
    await link.call(["PUBLISH", "b", "x"]);
    assert.deepEqual(other.commandsNamed("PUBLISH"), [["PUBLISH", "b", "x"]]);
  },
);

Deno.test("RedisLink applies the limits to each node of a cluster", async () => {
  await using cluster = await startCluster({ maxBulkStringBytes: 2000 });
  const { link, servers } = cluster;
  for (const server of servers) {
    const { reply } = server;
    server.reply = (command) => command[0] === "GET" ? "$2001\r\n" : reply(command);
  }
  await assert.rejects(link.call(["GET", "a"]));
  assert.equal(faultOf(link), "not_redis");
});

Deno.test(
  "RedisLink applies the limits to the connection that asks a cluster for its slots",
  async () => {
    await using server = new FakeRedis();
    server.reply = (command) => command[0] === "CLUSTER" ? "$2001\r\n" : undefined;
    const options = optionsFor(server, {
      cluster: true,
      maxBulkStringBytes: 2000,
      connectionTimeoutMs: 60_000,
    });
    await using link = new RedisLink("metrics", { options, log: new CollectingLog() });
    link.start();
    await waitFor("the question", () => server.commandsNamed("CLUSTER").length > 0, { pollMs: 1 });
    await waitFor("its end", () => server.open === 0, { pollMs: 1 });
  },
);

Deno.test("RedisLink ignores a reason that it has read too late", async () => {
  await using fixture = new Fixture();
  const { connect } = Deno;
  const reason = Promise.withResolvers<Deno.TcpConn>();
  Deno.connect = (() => reason.promise) as unknown as typeof Deno.connect;
  try {
    fixture.server.farewell = "";
    fixture.link.start();
    await waitFor("the loss", () => faultOf(fixture.link) === "closed", { pollMs: 1 });
    fixture.server.farewell = undefined;
    await fixture.ready();
    const text = new TextEncoder().encode("-ERR max number of clients reached\r\n");
    reason.resolve({
      read: (target: Uint8Array) => {
        target.set(text);
        return Promise.resolve(text.length);
      },
      close() {},
      [Symbol.dispose]() {},
    } as unknown as Deno.TcpConn);
    await clock.sleep(1);
    assert.equal(faultOf(fixture.link), undefined);
  } finally {
    Deno.connect = connect;
  }
});

/** Loses the connection, and moves the time of the outage on by 31 s. */
async function loseForLong({ server, link }: Fixture, time: ManualPerformance): Promise<void> {
  server.reply = ([name]) => name === "PING" ? "-LOADING its data\r\n" : undefined;
  server.cut();
  await waitFor("the loss", () => !link.ready, { pollMs: 1 });
  time.advance(31_000);
}

Deno.test("RedisLink spreads its attempts over --redis_reconnect_max_ms after 30 s", async () => {
  await using fixture = new Fixture({ reconnectMaxMs: 20_000 });
  using timers = new HeldTimers();
  using time = new ManualPerformance();
  using _random = fixedRandom(0.5);
  const { link, server } = fixture;
  await fixture.start();
  await loseForLong(fixture, time);
  for (const delayMs of [10_000, 20_000]) {
    const isPausing = () => {
      if (timers.remainingMs.some((ms) => ms <= 500)) timers.advance(500);
      return timers.remainingMs.includes(delayMs);
    };
    await waitFor(`a pause of ${delayMs} ms`, isPausing, { pollMs: 1 });
    if (delayMs === 20_000) server.reply = () => undefined;
    timers.advance(delayMs);
  }
  await fixture.ready();
  assert.equal(link.problem, undefined);
});

Deno.test("RedisLink follows another link after a long outage only", async () => {
  let isLeaderReady = true;
  await using fixture = new Fixture({ reconnectMaxMs: 1000 }, () => isLeaderReady);
  using timers = new HeldTimers();
  using time = new ManualPerformance();
  const { link, server } = fixture;
  await fixture.start();
  isLeaderReady = false;
  server.cut();
  await waitFor("the loss", () => !link.ready, { pollMs: 1 });
  timers.advance(500);
  await fixture.ready();
  await loseForLong(fixture, time);
  server.reply = () => undefined;
  const { attempts } = link;
  for (let wait = 0; wait < 5; wait++) timers.advance(1000);
  assert.equal(link.attempts, attempts);
  isLeaderReady = true;
  timers.advance(3000);
  await fixture.ready();
  assert.equal(link.attempts, attempts + 1);
});

Deno.test("RedisLink.batch() sends the commands of many calls in their order", async () => {
  await using fixture = new Fixture();
  const { link, server } = fixture;
  link.batch(() => {});
  await fixture.start();
  server.reply = ([name, key]) => name === "GET" ? `+${key}\r\n` : undefined;
  const replies: Promise<unknown>[] = [];
  link.batch(() => {
    for (const key of ["a", "b", "c"]) replies.push(link.call(["GET", key]));
  });
  assert.deepEqual((await Promise.all(replies)).map(String), ["a", "b", "c"]);
  assert.throws(() => link.batch(() => assert.fail("sent nothing")), /sent nothing/);
  assert.equal(String(await link.call(["GET", "d"])), "d");
});
