import assert from "node:assert/strict";
import {
  DeviceFeed,
  type DeviceFeedOptions,
  type FeedReader,
} from "../../../src/web/device_feed.ts";
import { taggedPrefix } from "../../../src/transports/redis/partition.ts";
import { FakeViewer } from "../../support/fake_frames.ts";
import { fakeJpeg, fakeStatus } from "../../support/fake_stream.ts";
import { HeldTimers } from "../../support/held_timers.ts";
import { ManualClock } from "../../support/manual_clock.ts";

/** A client of a Redis that records its calls; `answers` replaces what it returns. */
class FakeReader implements FeedReader {
  ready = true;
  /** See `taggedPrefix()`. */
  partitions = 0;
  readonly prefixOf = (keyPrefix: string) =>
    taggedPrefix({ keyPrefix, partitions: this.partitions });
  readonly calls: string[] = [];
  /** Rejects every call if false. */
  available = true;
  readonly #call = (call: string) => {
    this.calls.push(call);
    return this.available ? Promise.resolve() : Promise.reject(new Error("Redis is away"));
  };
  readonly subscribe = (...channels: string[]) => this.#call(`subscribe ${channels}`);
  readonly subscribeBriefly = (...channels: string[]) => this.#call(`sample ${channels}`);
  readonly unsubscribe = (...channels: string[]) => this.#call(`unsubscribe ${channels}`);
  readonly subscribePattern = (pattern: string) => this.#call(`subscribe to ${pattern}`);
  readonly pushCommand = (device: string, command: object) =>
    this.#call(`push ${device} ${JSON.stringify(command)}`);
  readonly keys = async (pattern: string) => {
    await this.#call(`keys ${pattern}`);
    return ["ward-1:status:history"];
  };
  readonly get = async (key: string) => {
    await this.#call(`get ${key}`);
    return null;
  };
  readonly newestEntry = () => Promise.resolve(undefined);
  readonly readEntries = () =>
    Promise.resolve([
      { stream: "ward-1:status:history", id: "1-0", envelope: JSON.stringify(fakeStatus(1)) },
    ]);
}

function open(options: Partial<DeviceFeedOptions> = {}) {
  const reader = new FakeReader();
  const clock = new ManualClock();
  const feed = new DeviceFeed({
    reader,
    devices: ["ward-*", "home"],
    usePubsub: true,
    clock,
    ...options,
  });
  return { reader, clock, feed };
}

const STATUS = JSON.stringify(fakeStatus(1));
const METRIC_TOPICS = ["core_metrics", "edge_metrics", "status", "recording_state"];

Deno.test("DeviceFeed.follow() subscribes to the metrics of each device and pattern, and to no frames", async () => {
  const { reader, feed } = open();
  using _feed = feed;
  await feed.follow(new AbortController().signal);
  const named = `subscribe ${METRIC_TOPICS.map((topic) => `home:${topic}`)}`;
  const expected = METRIC_TOPICS.map((topic) => `subscribe to ward-*:${topic}`);
  assert.deepEqual(reader.calls.toSorted(), [named, ...expected].toSorted());
});

Deno.test("DeviceFeed subscribes to the frames of a device while its video is shown", () => {
  const { reader, feed } = open();
  using _feed = feed;
  feed.take("ward-1:status", STATUS);
  const viewer = new FakeViewer({ "ward-1": "live" });
  feed.hub.frames.add(viewer);
  assert.deepEqual(reader.calls, ["subscribe ward-1:frame"]);
  feed.hub.frames.remove(viewer);
  assert.deepEqual(reader.calls, ["subscribe ward-1:frame", "unsubscribe ward-1:frame"]);
});

Deno.test("DeviceFeed takes one frame a second for stills, and all of them when one viewer is live", () => {
  using timers = new HeldTimers();
  const { reader, feed } = open();
  using _feed = feed;
  feed.take("ward-1:status", STATUS);
  const frame = JSON.stringify({
    type: "frame",
    timestamp: 1,
    payload: { data: fakeJpeg().toBase64() },
  });
  const viewer = new FakeViewer({ "ward-1": "stills" });
  feed.hub.frames.add(viewer);
  for (let count = 0; count < 3; count++) feed.take("ward-1:frame", frame);
  timers.advance(2000);
  const sampled = ["sample ward-1:frame", "unsubscribe ward-1:frame", "sample ward-1:frame"];
  assert.deepEqual(reader.calls.splice(0), sampled);
  viewer.demands = { "ward-1": "live" };
  feed.hub.frames.update(viewer);
  feed.take("ward-1:frame", frame);
  timers.advance(5000);
  assert.deepEqual(reader.calls.splice(0), ["unsubscribe ward-1:frame", "subscribe ward-1:frame"]);
  viewer.demands = {};
  feed.hub.frames.update(viewer);
  assert.deepEqual(reader.calls, ["unsubscribe ward-1:frame"]);
});

Deno.test("DeviceFeed ignores that a subscription fails, which the reader repeats", async () => {
  const { reader, feed } = open();
  using _feed = feed;
  reader.available = false;
  feed.take("ward-1:status", STATUS);
  const viewer = new FakeViewer({ "ward-1": "live" });
  feed.hub.frames.add(viewer);
  feed.hub.frames.remove(viewer);
  await feed.follow(new AbortController().signal);
  assert.equal(reader.calls.length, 7);
});

Deno.test("DeviceFeed polls histories and watched frames of devices without channels, until it is stopped", async () => {
  const { reader, clock, feed } = open({ usePubsub: false });
  using _feed = feed;
  const stop = new AbortController();
  const following = feed.follow(stop.signal);
  await clock.advance(0);
  assert.deepEqual(feed.hub.devices, ["ward-1"]);
  assert.deepEqual(reader.calls, ["keys ward-*:status:history", "keys home:status:history"]);
  const viewer = new FakeViewer({ "ward-1": "live" });
  feed.hub.frames.add(viewer);
  await clock.advance(110);
  assert.equal(reader.calls.at(-1), "get ward-1:frame");
  feed.hub.frames.remove(viewer);
  const { length } = reader.calls;
  await clock.advance(110);
  assert.equal(reader.calls.length, length);
  stop.abort();
  await following;
});

Deno.test("DeviceFeed.sendCommand() pushes a command, and returns false if Redis is not available", async () => {
  const { reader, feed } = open();
  using _feed = feed;
  assert.equal(await feed.sendCommand("a", { recording: true, sessionId: "s" }), true);
  assert.equal(await feed.sendCommand("a", { recording: false }), true);
  reader.available = false;
  assert.equal(await feed.sendCommand("a", { recording: false }), false);
  const commands = reader.calls.slice(0, 2).map((call) => JSON.parse(call.slice("push a ".length)));
  const expiries = commands.map(({ expires_at }) => expires_at / 1000 - Date.now());
  assert(expiries.every((ms) => ms > 3000 && ms <= 5000), `${expiries}`);
  assert.deepEqual(commands.map(({ expires_at: _, ...command }) => command), [
    { recording: true, session_id: "s" },
    { recording: false },
  ]);
});

Deno.test("DeviceFeed shows twice a second whether Redis is connected, until it is disposed", () => {
  using timers = new HeldTimers();
  const { reader, feed } = open();
  const shown: boolean[] = [];
  feed.hub.setConnected = (connected) => void shown.push(connected);
  timers.advance(450);
  assert.deepEqual(shown, []);
  timers.advance(100);
  reader.ready = false;
  timers.advance(500);
  assert.deepEqual(shown, [true, false]);
  feed[Symbol.dispose]();
  assert.deepEqual(timers.remainingMs, []);
});

Deno.test("DeviceFeed subscribes to partitioned devices, and shows them by their names", async () => {
  using timers = new HeldTimers();
  const { reader, feed } = open();
  using _feed = feed;
  reader.partitions = 16;
  const [home, ward] = ["home", "ward-1"].map(reader.prefixOf);
  await feed.follow(new AbortController().signal);
  assert.ok(reader.calls.includes("subscribe to {p*}:ward-*:status"));
  assert.ok(reader.calls.some((call) => call.startsWith(`subscribe ${home}:core_metrics`)));
  feed.take(`${ward}:status`, STATUS);
  assert.deepEqual(feed.hub.devices, ["ward-1"]);
  reader.calls.length = 0;
  const viewer = new FakeViewer({ "ward-1": "stills" });
  feed.hub.frames.add(viewer);
  const frame = { type: "frame", timestamp: 1, payload: { data: fakeJpeg().toBase64() } };
  feed.take(`${ward}:frame`, JSON.stringify(frame));
  timers.advance(500);
  assert.deepEqual(reader.calls, [`sample ${ward}:frame`, `unsubscribe ${ward}:frame`]);
});
