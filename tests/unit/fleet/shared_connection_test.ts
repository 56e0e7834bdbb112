import assert from "node:assert/strict";
import { epochUs, monotonicUs } from "../../../src/base/time.ts";
import { BackendError } from "../../../src/delivery/backend.ts";
import type { Outgoing } from "../../../src/envelopes/message.ts";
import { SharedConnection } from "../../../src/fleet/shared_connection.ts";
import type { RedisOptions } from "../../../src/transports/redis/options.ts";
import { CollectingLog } from "../../support/collecting_log.ts";
import { FakeRedis } from "../../support/fake_redis.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { optionsFor } from "../../support/redis_outbox.ts";
import { ManualPerformance } from "../../support/manual_performance.ts";
import { waitFor } from "../../support/wait.ts";

/** A connection to a fake server; it is closed before the server. */
class Fixture implements AsyncDisposable {
  readonly server = new FakeRedis();
  readonly log = new CollectingLog();
  readonly connection: SharedConnection;

  constructor(options: Partial<RedisOptions> = {}) {
    this.server.deliverMessages();
    this.connection = new SharedConnection(optionsFor(this.server, options), { log: this.log });
  }

  async start(): Promise<void> {
    this.connection.start();
    await waitFor("the connection", () => this.connection.ready, { pollMs: 1 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection[Symbol.asyncDispose]();
    await waitFor("no connection", () => this.server.open === 0, { pollMs: 1 });
    await this.server[Symbol.asyncDispose]();
  }
}

const METRIC: Outgoing = {
  kind: "metric",
  topic: "core_metrics",
  timestamp: epochUs(1),
  bytes: new TextEncoder().encode("{}"),
};

Deno.test("SharedConnection sends the messages of each device with its prefix", async () => {
  await using fixture = new Fixture();
  const { server, connection } = fixture;
  const backend = connection.backendFor("ward-1");
  assert.deepEqual([backend.ready, connection.attempts], [false, 0]);
  await fixture.start();
  assert.deepEqual([backend.ready, connection.attempts], [true, 1]);
  assert.deepEqual(await backend.send(METRIC), { receivers: 0 });
  const jpeg = Uint8Array.of(1, 2, 3);
  const image = { timestamp: epochUs(5), sequence: 2, width: 64, height: 48, jpeg };
  const captureUs = monotonicUs(5);
  await backend.send({ kind: "frame", topic: "frame", timestamp: epochUs(5), captureUs, image });
  const [metric, frame] = server.commandsNamed("PUBLISH");
  assert.deepEqual(metric!.slice(1), ["ward-1:core_metrics", "{}"]);
  assert.equal(frame![1], "ward-1:frame");
  const { payload } = JSON.parse(frame![2]!);
  assert.deepEqual([payload.data, payload.width, payload.height], [jpeg.toBase64(), 64, 48]);
});

Deno.test("SharedConnection knows the subscribers of a device, and its order in streams only", async () => {
  await using fixture = new Fixture();
  const { server, connection } = fixture;
  const [ward, other] = ["ward-1", "ward-2"].map((prefix) => connection.backendFor(prefix));
  await fixture.start();
  server.reply = ([name, first, channel]) =>
    name === "PUBSUB" && first === "NUMSUB"
      ? `*2\r\n$1\r\na\r\n:${channel!.startsWith("ward-1:") ? 1 : 0}\r\n`
      : undefined;
  assert.equal(await ward!.hasSubscribers!("core_metrics"), true);
  assert.equal(await other!.hasSubscribers!("core_metrics"), false);
  assert.equal((await ward!.frameDemand!())?.watched, true);
  assert.equal((await other!.frameDemand!())?.watched, false);
  assert.equal(ward!.inOrder, false);
  await using streams = new Fixture({ usePubsub: false });
  assert.equal(streams.connection.backendFor("ward-1").inOrder, true);
});

Deno.test("SharedConnection resets a peer that does not respond within the timeout and the time of a transfer", async () => {
  using time = new ManualPerformance();
  using timers = new HeldTimers();
  await using fixture = new Fixture({ operationTimeoutMs: 1000 });
  const { server, connection, log } = fixture;
  await fixture.start();
  const backend = connection.backendFor("ward-1");
  const changes: boolean[] = [];
  backend.onReady((isReady) => void changes.push(isReady));
  server.reply = ([name]) => name === "PUBLISH" ? "" : undefined;
  // On a slow link of 62.5 bytes/ms, it takes 500 ms more.
  const sending = backend.send({ ...METRIC, bytes: new Uint8Array(31_250).fill(32) });
  const rejected = assert.rejects(sending, (error: Error) => {
    assert(error instanceof BackendError);
    return error.retriable && error.reason === "link";
  });
  time.advance(1490);
  timers.advance(200); // two intervals of the check
  assert.deepEqual(changes, []);
  time.advance(20);
  timers.advance(99);
  assert.deepEqual(changes, []);
  timers.advance(1);
  await rejected;
  await waitFor("the next connection", () => {
    timers.advance(10);
    return changes.length === 2;
  }, { pollMs: 1 });
  assert.deepEqual(changes, [false, true]);
  assert.equal(connection.attempts, 2);
  assert.equal(log.linesWith("Connected to Redis").length, 2);
});

Deno.test("SharedConnection.batch() sends what is published in it at once", async () => {
  await using fixture = new Fixture();
  const { server, connection } = fixture;
  const backend = connection.backendFor("ward-1");
  await fixture.start();
  let sending: Promise<unknown> | undefined;
  connection.batch(() => {
    sending = Promise.all([backend.send(METRIC), backend.send(METRIC)]);
  });
  await sending;
  assert.equal(server.commandsNamed("PUBLISH").length, 2);
});
