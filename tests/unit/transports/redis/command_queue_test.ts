import assert from "node:assert/strict";
import { CommandQueue } from "../../../../src/transports/redis/command_queue.ts";
import type { RedisOptions } from "../../../../src/transports/redis/options.ts";
import { CollectingLog } from "../../../support/collecting_log.ts";
import { array, bulk, FakeRedis, joinCluster } from "../../../support/fake_redis.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { ManualClock } from "../../../support/manual_clock.ts";
import { optionsFor } from "../../../support/redis_outbox.ts";
import { waitFor } from "../../../support/wait.ts";

const KEYS = ["physiology:command_queue", "physiology:metrics:command_queue"];

/** A queue on a fake server that answers each pop with the next of `replies`, then stays silent. */
class Fixture implements AsyncDisposable {
  readonly server = new FakeRedis();
  readonly log = new CollectingLog();
  readonly clock = new ManualClock();
  readonly replies: string[] = [];
  readonly taken: string[] = [];
  readonly queue: CommandQueue;
  onCommand: () => void = () => {};

  constructor(options: Partial<RedisOptions> = {}) {
    if (options.cluster) joinCluster([this.server]);
    const { reply } = this.server;
    this.server.reply = (command) =>
      command[0] === "BRPOP" ? this.replies.shift() ?? "" : reply(command);
    this.queue = new CommandQueue(optionsFor(this.server, options), {
      log: this.log,
      clock: this.clock,
      onCommand: (bytes) => {
        this.taken.push(new TextDecoder().decode(bytes));
        this.onCommand();
      },
    });
  }

  push(command: string): void {
    this.replies.push(array(bulk(KEYS[0]!), bulk(command)));
  }

  /** Waits until that many pops were received. */
  async pops(count: number): Promise<void> {
    await waitFor(`${count} pops`, () => this.server.commandsNamed("BRPOP").length >= count, {
      pollMs: 1,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.queue[Symbol.asyncDispose]();
    await waitFor("no connection", () => this.server.open === 0, { pollMs: 1 });
    await this.server[Symbol.asyncDispose]();
  }
}

Deno.test(
  "CommandQueue pops from both lists with a timeout of 2 s, and hands each command on",
  async () => {
    await using fixture = new Fixture();
    assert.equal(fixture.queue.ready, false);
    fixture.push("one");
    fixture.replies.push("*-1\r\n");
    fixture.push("two");
    fixture.queue.start();
    await fixture.pops(4);
    assert.equal(fixture.queue.ready, true);
    assert.deepEqual(fixture.taken, ["one", "two"]);
    assert.deepEqual(fixture.server.commandsNamed("BRPOP")[0], ["BRPOP", ...KEYS, "2"]);
    const names = fixture.server.commandsNamed("CLIENT").filter(([, word]) => word === "setname");
    assert.deepEqual(names, [["CLIENT", "setname", "physiology_server:commands"]]);
  },
);

Deno.test("CommandQueue pops from each list separately in a cluster", async () => {
  await using fixture = new Fixture({ cluster: true });
  fixture.queue.start();
  await fixture.pops(2);
  assert.deepEqual(
    fixture.server.commandsNamed("BRPOP").map(([, ...words]) => words).toSorted(),
    KEYS.map((key) => [key, "2"]),
  );
  assert.equal(fixture.queue.ready, true);
});

Deno.test("CommandQueue goes on after a command that is refused", async () => {
  await using fixture = new Fixture();
  fixture.onCommand = () => {
    if (fixture.taken.length === 1) throw new Error("It is no command");
  };
  fixture.push("one");
  fixture.push("two");
  fixture.queue.start();
  await fixture.pops(3);
  assert.deepEqual(fixture.taken, ["one", "two"]);
  assert.equal(fixture.log.linesWith("It is no command").length, 1);
});

Deno.test("CommandQueue takes a command of 65,000 bytes, and drops one of 64 KiB", async () => {
  await using fixture = new Fixture();
  fixture.push("x".repeat(65_000));
  fixture.push("y".repeat(65_536));
  fixture.queue.start();
  await waitFor("the third pop", async () => {
    await fixture.clock.advance(500);
    return fixture.server.commandsNamed("BRPOP").length === 3;
  });
  assert.deepEqual(fixture.taken.map(({ length }) => length), [65_000]);
  assert.equal(fixture.log.linesWith("<4>Dropped a recording command from").length, 1);
});

Deno.test(
  "CommandQueue waits for half a second after a pop that failed, and logs it every 10 s",
  async () => {
    await using fixture = new Fixture();
    const { clock, log, replies } = fixture;
    replies.push(...Array.from({ length: 3 }, () => "-NOPERM no\r\n"));
    fixture.queue.start();
    await waitFor("the failure", () => log.linesWith("NOPERM").length > 0, { pollMs: 1 });
    await clock.advance(499);
    assert.equal(fixture.server.commandsNamed("BRPOP").length, 1);
    log.time.nowMs = 9000;
    await clock.advance(1);
    await fixture.pops(2);
    await waitFor("the pause", () => clock.advance(100).then(() => replies.length === 1));
    assert.equal(log.linesWith("NOPERM").length, 1);
    log.time.nowMs = 11_000;
    await waitFor("the third pop", () => clock.advance(100).then(() => replies.length === 0));
    await waitFor("the next line", () => log.linesWith("NOPERM").length === 2, { pollMs: 1 });
  },
);

Deno.test(
  "CommandQueue reconnects if a pop takes longer than 2 s and the timeout of an operation",
  async () => {
    await using fixture = new Fixture({ operationTimeoutMs: 1000 });
    using timers = new HeldTimers();
    fixture.queue.start();
    await fixture.pops(1);
    timers.advance(2700);
    assert.equal(fixture.queue.ready, true);
    timers.advance(600);
    assert.equal(fixture.queue.ready, false);
    await waitFor("the pause", () => fixture.clock.advance(500).then(() => fixture.queue.ready));
    await fixture.pops(2);
    assert.equal(fixture.server.opened, 2);
  },
);

Deno.test("CommandQueue clears the timeout of a pop that was answered", async () => {
  await using fixture = new Fixture();
  using timers = new HeldTimers();
  fixture.push("one");
  fixture.queue.start();
  await fixture.pops(2);
  assert.equal(timers.remainingMs.length, 1, "that of the pop in progress");
  await fixture.queue[Symbol.asyncDispose]();
  assert.deepEqual(timers.remainingMs.filter((ms) => ms > 2000), []);
});

Deno.test("CommandQueue reloads its options and logs nothing when it is closed", async () => {
  await using fixture = new Fixture();
  fixture.queue.start();
  await fixture.pops(1);
  fixture.queue.reload(optionsFor(fixture.server, { clientName: "bed-7" }));
  await waitFor("the second pop", async () => {
    await fixture.clock.advance(500);
    return fixture.server.commandsNamed("BRPOP").length === 2;
  });
  assert.ok(fixture.server.commandsNamed("CLIENT").some(([, , name]) => name === "bed-7:commands"));
  const before = fixture.log.lines.length;
  await fixture.queue[Symbol.asyncDispose]();
  assert.equal(fixture.log.lines.length, before);
});
