import assert from "node:assert/strict";
import { Redis } from "ioredis";
import { type Address, mendSocketHandling } from "../../../../src/transports/redis/client.ts";
import { ShardedSubscriber } from "../../../../src/transports/redis/sharded_subscriber.ts";
import { bulk, FakeRedis, push, type Replier } from "../../../support/fake_redis.ts";
import { waitFor } from "../../../support/wait.ts";

const soon = { pollMs: 1 };

/** Nodes of a cluster that serve the channels of `owners`, and a subscriber of theirs. */
class Fixture implements AsyncDisposable {
  readonly nodes: readonly FakeRedis[];
  /** The node of each channel; a channel without one is nowhere. */
  readonly owners = new Map<string, FakeRedis>();
  readonly errors: string[] = [];
  readonly messages: string[] = [];
  readonly subscriber: ShardedSubscriber;
  /** Replaces the address in redirections. */
  redirection: ((owner: FakeRedis) => string) | undefined;
  #clients: Redis[] = [];

  constructor(count = 3) {
    this.nodes = Array.from({ length: count }, () => new FakeRedis());
    for (const node of this.nodes) node.reply = this.#replyOf(node);
    const [seed] = this.nodes;
    this.subscriber = new ShardedSubscriber({
      open: (address) => this.#open(address!),
      seeds: [{ host: seed!.hostname, port: seed!.port }],
      onMessage: (channel, message) => void this.messages.push(`${channel} ${message}`),
      onError: ({ message }) => void this.errors.push(message),
    });
  }

  /** Ports to which a client was opened, in their order. */
  get opened(): readonly (number | undefined)[] {
    return this.#clients.map(({ options }) => options.port);
  }

  async ready(): Promise<void> {
    await waitFor("a connection", () => this.subscriber.ready, soon);
  }

  #replyOf(node: FakeRedis): Replier {
    return ([name, channel = ""]) => {
      if (name === "SUNSUBSCRIBE") return push(bulk("sunsubscribe"), bulk(channel), ":0\r\n");
      if (name !== "SSUBSCRIBE") return undefined;
      const owner = this.owners.get(channel);
      if (owner === node) return push(bulk("ssubscribe"), bulk(channel), ":1\r\n");
      if (!owner) return "-CLUSTERDOWN Hash slot not served\r\n";
      return `-MOVED 42 ${this.redirection?.(owner) ?? `${owner.hostname}:${owner.port}`}\r\n`;
    };
  }

  #open({ host, port }: Address): Redis {
    const client = new Redis({
      host,
      port,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => 20,
    });
    mendSocketHandling(client);
    client.on("error", () => {});
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.subscriber[Symbol.dispose]();
    await waitFor("no connection", () => this.nodes.every(({ open }) => open === 0), soon);
    // A client that is closing has a timer.
    await waitFor("no socket", () => this.#clients.every(({ stream }) => stream.closed), soon);
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
  }
}

Deno.test("ShardedSubscriber subscribes at the node to which it is redirected, and passes messages on", async () => {
  await using fixture = new Fixture();
  const { subscriber, nodes: [seed, other, unused], owners } = fixture;
  owners.set("a:status", seed!).set("b:status", other!);
  await fixture.ready();
  await subscriber.add("a:status", "b:status");
  assert.deepEqual(other!.commandsNamed("SSUBSCRIBE"), [["SSUBSCRIBE", "b:status"]]);
  await other!.send(push(bulk("smessage"), bulk("b:status"), bulk("one")));
  await waitFor("the message", () => fixture.messages.length === 1, soon);
  assert.deepEqual(fixture.messages, ["b:status one"]);
  assert.equal(unused!.opened, 0);
  assert.deepEqual(fixture.errors, []);
});

Deno.test("ShardedSubscriber follows a slot that moves, and closes a node that serves no channel", async () => {
  await using fixture = new Fixture();
  const { subscriber, nodes: [seed, other], owners } = fixture;
  owners.set("a:status", seed!);
  await fixture.ready();
  await subscriber.add("a:status");
  owners.set("a:status", other!);
  await seed!.send(push(bulk("sunsubscribe"), bulk("a:status"), ":0\r\n"));
  await waitFor("the other node", () => subscriber.ready && other!.open === 1, soon);
  assert.equal(seed!.open, 1);
  subscriber.maintain();
  await waitFor("the end of the first node", () => seed!.open === 0, soon);
  assert.ok(subscriber.ready);
});

Deno.test("ShardedSubscriber keeps the channels of a node that has lost another one", async () => {
  await using fixture = new Fixture();
  const { subscriber, nodes: [seed, other], owners } = fixture;
  owners.set("a:status", seed!).set("b:status", seed!);
  await fixture.ready();
  await subscriber.add("a:status", "b:status");
  owners.set("b:status", other!);
  await seed!.send(push(bulk("sunsubscribe"), bulk("b:status"), ":1\r\n"));
  await waitFor("the other node", () => other!.commandsNamed("SSUBSCRIBE").length === 1, soon);
  await waitFor("both channels", () => subscriber.ready, soon);
  const asked = seed!.commandsNamed("SSUBSCRIBE").map(([, channel]) => channel);
  assert.equal(asked.filter((channel) => channel === "a:status").length, 1);
});

Deno.test("ShardedSubscriber subscribes again if the slot moves just after the confirmation", async () => {
  await using fixture = new Fixture(1);
  const { subscriber, nodes: [seed], owners } = fixture;
  owners.set("a:status", seed!);
  const { reply } = seed!;
  let asked = 0;
  seed!.reply = (command) => {
    const normal = reply(command);
    if (command[0] !== "SSUBSCRIBE" || asked++ > 0) return normal;
    return normal + push(bulk("sunsubscribe"), bulk("a:status"), ":0\r\n");
  };
  await fixture.ready();
  await subscriber.add("a:status");
  await waitFor("another subscription", () => asked === 2 && subscriber.ready, soon);
});

Deno.test("ShardedSubscriber asks another node if one dies before it answers", async () => {
  await using fixture = new Fixture(2);
  const { subscriber, nodes: [seed, other], owners } = fixture;
  owners.set("a:status", seed!).set("b:status", other!);
  await fixture.ready();
  await subscriber.add("a:status", "b:status");
  const { reply } = other!;
  other!.reply = (command) => command[0] === "SSUBSCRIBE" ? "" : reply(command);
  owners.set("c:status", other!);
  const added = subscriber.add("c:status");
  await waitFor("the question", () => other!.commandsNamed("SSUBSCRIBE").length === 2, soon);
  for (const channel of ["b:status", "c:status"]) owners.set(channel, seed!);
  other!.farewell = ""; // it is gone for good
  other!.cut();
  await waitFor("every channel", () => {
    subscriber.maintain();
    return subscriber.ready;
  }, soon);
  await added;
  assert.deepEqual(fixture.errors, []);
});

Deno.test("ShardedSubscriber subscribes again after a connection was lost", async () => {
  await using fixture = new Fixture();
  const { subscriber, nodes: [seed, other], owners } = fixture;
  owners.set("a:status", seed!).set("b:status", other!);
  await fixture.ready();
  await subscriber.add("a:status", "b:status");
  other!.cut();
  await waitFor("the loss", () => !subscriber.ready, soon);
  await waitFor("the new subscription", () => subscriber.ready, soon);
  assert.equal(other!.commandsNamed("SSUBSCRIBE").length, 2);
  assert.equal(seed!.opened, 1);
});

Deno.test("ShardedSubscriber returns to its seeds when every node is lost", async () => {
  await using fixture = new Fixture(2);
  const { subscriber, nodes: [seed, other], owners } = fixture;
  owners.set("a:status", other!);
  await fixture.ready();
  await subscriber.add("a:status");
  subscriber.maintain();
  await waitFor("one connection", () => seed!.open === 0, soon);
  other!.cut();
  await waitFor("the loss", () => !subscriber.ready, soon);
  subscriber.maintain();
  await waitFor("the new subscription", () => subscriber.ready, soon);
  assert.deepEqual(fixture.opened, [seed!.port, other!.port, seed!.port]);
});

Deno.test("ShardedSubscriber reports what is refused, and asks again when it maintains", async () => {
  await using fixture = new Fixture(1);
  const { subscriber, nodes: [seed], owners } = fixture;
  await fixture.ready();
  const added = subscriber.add("a:status");
  await waitFor("the refusal", () => fixture.errors.length === 1, soon);
  assert.deepEqual(fixture.errors, ["CLUSTERDOWN Hash slot not served"]);
  assert.equal(subscriber.ready, false);
  owners.set("a:status", seed!);
  subscriber.maintain();
  await added;
  assert.ok(subscriber.ready);
});

Deno.test("ShardedSubscriber reaches a node that announces no address at that of the one it asked", async () => {
  await using fixture = new Fixture();
  const { subscriber, nodes: [, other], owners } = fixture;
  fixture.redirection = ({ port }) => `:${port}`;
  owners.set("a:status", other!);
  await fixture.ready();
  await subscriber.add("a:status");
  assert.equal(other!.open, 1);
});

Deno.test("ShardedSubscriber follows four redirections, and no address without a valid port", async () => {
  await using fixture = new Fixture(6);
  const { subscriber, nodes, owners } = fixture;
  // Each node names the next one.
  const chain = (length: number) => {
    for (const [index, node] of nodes.entries()) {
      node.reply = ([name, channel]) => {
        if (name !== "SSUBSCRIBE") return undefined;
        if (index === length) return push(bulk("ssubscribe"), bulk(channel!), ":1\r\n");
        const next = nodes[index + 1]!;
        return `-MOVED 42 ${next.hostname}:${next.port}\r\n`;
      };
    }
  };
  await fixture.ready();
  chain(4);
  await subscriber.add("a:status");
  assert.equal(nodes[5]!.opened, 0);
  chain(5);
  void subscriber.add("c:status");
  await waitFor("the sixth node", () => nodes[5]!.open === 1, soon);
  const asked = () => nodes[4]!.commandsNamed("SSUBSCRIBE").length;
  const before = asked();
  // Once is not enough while the walk that the sixth node's connection began has not ended.
  await waitFor("another walk", () => {
    subscriber.maintain();
    return asked() > before;
  }, soon);
  assert.deepEqual(nodes[5]!.commandsNamed("SSUBSCRIBE"), []);
  await subscriber.remove("c:status");
  for (const port of [0, 65_536, "x"]) {
    owners.set("b:status", nodes[5]!);
    for (const node of nodes) {
      node.reply = ([name]) => name === "SSUBSCRIBE" ? `-MOVED 42 h:${port}\r\n` : undefined;
    }
    const errors = fixture.errors.length;
    void subscriber.add("b:status");
    await waitFor("the refusal", () => fixture.errors.length > errors, soon);
    assert.equal(fixture.errors.at(-1), `MOVED 42 h:${port}`);
  }
  assert.equal(fixture.opened.length, 6);
});

Deno.test("ShardedSubscriber.remove() ends a subscription, also one that is being confirmed", async () => {
  await using fixture = new Fixture(1);
  const { subscriber, nodes: [seed], owners } = fixture;
  for (const channel of ["a:status", "b:status"]) owners.set(channel, seed!);
  await fixture.ready();
  await subscriber.add("a:status");
  await subscriber.remove("a:status", "unknown:status");
  assert.deepEqual(seed!.commandsNamed("SUNSUBSCRIBE"), [["SUNSUBSCRIBE", "a:status"]]);
  const added = subscriber.add("b:status");
  await subscriber.remove("b:status");
  await added;
  await waitFor("the end", () => seed!.commandsNamed("SUNSUBSCRIBE").length === 2, soon);
  await assert.rejects(subscriber.addPattern("*:status"), TypeError);
});
