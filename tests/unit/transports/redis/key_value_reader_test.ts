import assert from "node:assert/strict";
import type { HistoryEntry } from "../../../../src/transports/redis/history.ts";
import {
  KeyValueReader,
  type KeyValueSource,
} from "../../../../src/transports/redis/key_value_reader.ts";
import { taggedPrefix } from "../../../../src/transports/redis/partition.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

/** Keys and streams in memory. */
class FakeSource implements KeyValueSource {
  readonly entries: HistoryEntry[] = [];
  readonly frames = new Map<string, string>();
  /** Keys that were asked for, and when they are. */
  discoveries = 0;
  reads = 0;
  failing = false;
  names: string[] = ["ward"];
  partitions = 0;

  prefixOf(device: string): string {
    return taggedPrefix({ keyPrefix: device, partitions: this.partitions });
  }

  keys(pattern: string): Promise<readonly string[]> {
    this.discoveries++;
    if (this.failing) return Promise.reject(new Error("The connection is closed"));
    const start = pattern.split("*")[0]!;
    const found = this.names.map((name) => `${name}:status:history`);
    return Promise.resolve(found.filter((key) => key.startsWith(start)));
  }

  get(key: string): Promise<string | null> {
    this.reads++;
    return Promise.resolve(this.frames.get(key) ?? null);
  }

  newestEntry(stream: string): Promise<string | undefined> {
    return Promise.resolve(this.entries.findLast((entry) => entry.stream === stream)?.id);
  }

  readEntries(after: ReadonlyMap<string, string>): Promise<readonly HistoryEntry[]> {
    return Promise.resolve(
      this.entries.filter(({ stream, id }) =>
        after.has(stream) && Number(id.split("-")[0]) > Number(after.get(stream)!.split("-")[0])
      ),
    );
  }

  add(stream: string, ms: number): void {
    this.entries.push({ stream, id: `${ms}-0`, envelope: `${stream} ${ms}` });
  }
}

function startReader(
  source: FakeSource,
  devices: readonly string[] = ["ward"],
  startAfter?: (device: string) => string,
) {
  const clock = new ManualClock();
  const messages: [string, string][] = [];
  const reader = new KeyValueReader({
    source,
    devices,
    clock,
    startAfter,
    onMessage: (channel, text) => void messages.push([channel, text]),
  });
  const ending = new AbortController();
  const running = reader.run(ending.signal);
  return {
    clock,
    messages,
    reader,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await running;
    },
  };
}

/** The smallest step of the clock. */
const MICROSECOND_MS = 0.001;

Deno.test("KeyValueReader reads the new messages of all four types within 100 ms", async () => {
  const source = new FakeSource();
  source.add("ward:status:history", 1);
  await using fixture = startReader(source);
  await fixture.clock.advance(0);
  const topics = ["core_metrics", "edge_metrics", "status", "recording_state"];
  for (const [at, topic] of topics.entries()) source.add(`ward:${topic}:history`, 10 + at);
  await fixture.clock.advance(100 - MICROSECOND_MS);
  assert.deepEqual(fixture.messages, []);
  await fixture.clock.advance(MICROSECOND_MS);
  assert.deepEqual(
    fixture.messages,
    topics.map((topic, at) => [`ward:${topic}`, `ward:${topic}:history ${10 + at}`]),
  );
  await fixture.clock.advance(500);
  assert.equal(fixture.messages.length, 4);
});

Deno.test("KeyValueReader discovers new devices every 2 s", async () => {
  const source = new FakeSource();
  await using fixture = startReader(source, ["ward*", "icu"]);
  await fixture.clock.advance(2000 - MICROSECOND_MS);
  assert.equal(source.discoveries, 2);
  source.names.push("ward2");
  await fixture.clock.advance(MICROSECOND_MS);
  assert.equal(source.discoveries, 4);
  source.add("ward2:status:history", 5);
  await fixture.clock.advance(100);
  assert.deepEqual(fixture.messages.map(([channel]) => channel), ["ward2:status"]);
});

Deno.test("KeyValueReader follows at most 256 devices", async () => {
  const source = new FakeSource();
  source.names = Array.from({ length: 257 }, (_, index) => `ward-${index + 100}`);
  await using fixture = startReader(source, ["ward-*"]);
  await fixture.clock.advance(0);
  for (const name of source.names) source.add(`${name}:status:history`, 5);
  await fixture.clock.advance(4000);
  assert.equal(fixture.messages.length, 256);
});

Deno.test("KeyValueReader continues after an error", async () => {
  const source = new FakeSource();
  source.failing = true;
  await using fixture = startReader(source);
  await fixture.clock.advance(0);
  source.failing = false;
  await fixture.clock.advance(2000);
  source.add("ward:status:history", 5);
  await fixture.clock.advance(100);
  assert.equal(fixture.messages.length, 1);
});

Deno.test("KeyValueReader reads the frames of watched devices, without the one from before", async () => {
  const source = new FakeSource();
  source.frames.set("ward:frame", "old");
  await using fixture = startReader(source);
  await fixture.clock.advance(1000);
  assert.equal(source.reads, 0);
  fixture.reader.watch("ward", "live");
  await fixture.clock.advance(1000);
  assert.deepEqual(fixture.messages, []);
  source.frames.set("ward:frame", "new");
  await fixture.clock.advance(1000);
  assert.deepEqual(fixture.messages, [["ward:frame", "new"]]);
  source.frames.delete("ward:frame");
  await fixture.clock.advance(1000);
  fixture.reader.watch("ward", "none");
  source.frames.set("ward:frame", "newer");
  await fixture.clock.advance(1000);
  assert.equal(fixture.messages.length, 1);
});

Deno.test("KeyValueReader reads a frame a second for stills", async () => {
  const source = new FakeSource();
  await using fixture = startReader(source);
  let reads = 0;
  source.get = () => Promise.resolve(`frame ${reads++}`);
  fixture.reader.watch("ward", "stills");
  await fixture.clock.advance(3050);
  assert.equal(reads, 4);
  assert.equal(fixture.messages.length, 3);
});

Deno.test("KeyValueReader passes no frame on that arrives after the device is no longer watched", async () => {
  const source = new FakeSource();
  await using fixture = startReader(source);
  fixture.reader.watch("ward", "live");
  source.frames.set("ward:frame", "first");
  await fixture.clock.advance(1000);
  source.get = () => {
    fixture.reader.watch("ward", "none");
    return Promise.resolve("second");
  };
  await fixture.clock.advance(1000);
  assert.deepEqual(fixture.messages, []);
});

Deno.test("KeyValueReader reads the topics it is given, from the entry it is given", async () => {
  const source = new FakeSource();
  const clock = new ManualClock();
  for (const ms of [1, 2, 3]) {
    for (const topic of ["core_metrics", "status"]) source.add(`ward:${topic}:history`, ms);
  }
  const messages: string[] = [];
  const reader = new KeyValueReader({
    source,
    devices: ["*"],
    topics: ["core_metrics"],
    startAfter: (device) => device === "ward" ? "1-0" : "3-0",
    clock,
    onMessage: (_channel, text) => void messages.push(text),
  });
  const ending = new AbortController();
  const running = reader.run(ending.signal);
  await clock.advance(100);
  ending.abort();
  await running;
  assert.deepEqual(messages, ["ward:core_metrics:history 2", "ward:core_metrics:history 3"]);
});

Deno.test("KeyValueReader reads the histories and frames of partitioned devices", async () => {
  const source = new FakeSource();
  source.partitions = 16;
  const prefix = source.prefixOf("ward");
  source.names = [prefix];
  source.frames.set(`${prefix}:frame`, "old");
  const started: string[] = [];
  await using fixture = startReader(source, ["ward"], (device) => {
    started.push(device);
    return "0-0";
  });
  fixture.reader.watch("ward", "live");
  await fixture.clock.advance(100);
  source.add(`${prefix}:status:history`, 5);
  source.frames.set(`${prefix}:frame`, "new");
  await fixture.clock.advance(100);
  assert.deepEqual(started, ["ward"]);
  assert.deepEqual(fixture.messages.toSorted(), [
    [`${prefix}:frame`, "new"],
    [`${prefix}:status`, `${prefix}:status:history 5`],
  ]);
});
