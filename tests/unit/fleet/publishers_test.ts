import assert from "node:assert/strict";
import type { Outgoing } from "../../../src/envelopes/message.ts";
import { epochUs } from "../../../src/base/time.ts";
import { ownPublishers, type Publishers, sharedPublishers } from "../../../src/fleet/publishers.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { FakeRedis } from "../../support/fake_redis.ts";
import { fixedRandom } from "../../support/fixed_random.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { waitFor } from "../../support/wait.ts";

const LOG = { log: silentLog };

async function ready(publishers: Publishers): Promise<void> {
  await waitFor("the connections", () => publishers.ready === publishers.total, { pollMs: 1 });
}

async function closed(server: FakeRedis): Promise<void> {
  await waitFor("no connection", () => server.open === 0, { pollMs: 1 });
}

function metric(text: string): Outgoing {
  const bytes = new TextEncoder().encode(text);
  return { kind: "metric", topic: "core_metrics", timestamp: epochUs(1), bytes };
}

Deno.test("sharedPublishers() spreads the devices over its connections", async () => {
  await using server = new FakeRedis();
  server.deliverMessages();
  {
    await using publishers = sharedPublishers(optionsFor(server), { count: 2, ...LOG });
    assert.deepEqual([publishers.total, publishers.ready, publishers.attempts], [2, 0, 0]);
    const backends = [0, 1, 2].map((index) =>
      publishers.backendFor({ index, prefix: `fleet-${index}` })
    );
    const changes: [number, boolean][] = [];
    for (const [index, backend] of backends.entries()) {
      backend.onReady((isReady) => void changes.push([index, isReady]));
    }
    publishers.start();
    await ready(publishers);
    assert.deepEqual([publishers.attempts, server.open], [2, 2]);
    assert.deepEqual(changes.toSorted(), [[0, true], [1, true], [2, true]]);
    assert(backends.every((backend) => backend.ready));
    for (const [index, backend] of backends.entries()) await backend.send(metric(`${index}`));
    assert.deepEqual(
      server.commandsNamed("PUBLISH").map(([, channel, text]) => [channel, text]),
      [0, 1, 2].map((index) => [`fleet-${index}:core_metrics`, `${index}`]),
    );
    assert.equal(backends[0]!.destination, `redis 127.0.0.1:${server.port} fleet-0`);
  }
  await closed(server);
});

Deno.test("sharedPublishers() sends what is published in a batch on every connection", async () => {
  await using server = new FakeRedis();
  {
    await using publishers = sharedPublishers(optionsFor(server), { count: 3, ...LOG });
    const backends = [0, 1, 2].map((index) =>
      publishers.backendFor({ index, prefix: `d${index}` })
    );
    publishers.start();
    await ready(publishers);
    let calls = 0;
    let sending: Promise<unknown> | undefined;
    publishers.batch(() => {
      calls++;
      sending = Promise.all(backends.map((backend) => backend.send(metric("a"))));
    });
    assert.equal(calls, 1);
    assert.equal(server.commandsNamed("PUBLISH").length, 0);
    await sending;
    assert.equal(server.commandsNamed("PUBLISH").length, 3);
  }
  await closed(server);
});

Deno.test("ownPublishers() opens two connections of each device, over 5 ms for each", async () => {
  using _random = fixedRandom(0.9);
  using timers = new HeldTimers();
  await using server = new FakeRedis();
  server.deliverMessages();
  const clock = new ManualClock();
  const devices = 40;
  const publishers = ownPublishers(optionsFor(server), { devices, clock, ...LOG });
  const backends = Array.from(
    { length: devices },
    (_, index) => publishers.backendFor({ index, prefix: `fleet-${index}` }),
  );
  assert.deepEqual([publishers.total, publishers.ready, publishers.attempts], [80, 0, 0]);
  publishers.start();
  // At 0.9 of the 200 ms over which they begin.
  assert.deepEqual(timers.remainingMs, Array(devices).fill(180));
  timers.advance(179);
  assert.equal(publishers.attempts, 0);
  timers.advance(1);
  assert.equal(publishers.attempts, devices);
  await waitFor("the queues", () => publishers.ready === devices, { pollMs: 1 });
  const [backend] = backends;
  backend!.start();
  await waitFor("a backend", () => publishers.ready === devices + 1, { pollMs: 1 });
  assert.equal(publishers.attempts, devices + 1);
  let calls = 0;
  publishers.batch(() => void calls++);
  assert.equal(calls, 1);
  await publishers[Symbol.asyncDispose]();
  for (const each of backends) await each[Symbol.asyncDispose]();
  await closed(server);
});

Deno.test("ownPublishers() opens nothing after it was disposed", async () => {
  using timers = new HeldTimers();
  using _random = fixedRandom(0.9);
  await using server = new FakeRedis();
  const clock = new ManualClock();
  const publishers = ownPublishers(optionsFor(server), { devices: 100, clock, ...LOG });
  const backend = publishers.backendFor({ index: 0, prefix: "fleet-1" });
  publishers.start();
  await publishers[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
  assert.deepEqual(timers.remainingMs, []);
  assert.equal(server.opened, 0);
});
