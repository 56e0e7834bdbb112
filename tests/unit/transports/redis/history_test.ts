import assert from "node:assert/strict";
import fc from "fast-check";
import { type HistoryEntry, HistoryFollower } from "../../../../src/transports/redis/history.ts";

/** Streams in memory that behave like those of Redis. */
class FakeStreams {
  readonly entries: (HistoryEntry & { readonly order: number })[] = [];

  add(stream: string, ms: number): void {
    const order = this.entries.length;
    this.entries.push({ stream, id: `${ms}-${order}`, envelope: `${order}`, order });
  }

  newestEntry(stream: string): Promise<string | undefined> {
    return Promise.resolve(this.entries.findLast((entry) => entry.stream === stream)?.id);
  }

  readEntries(after: ReadonlyMap<string, string>, limit: number): Promise<HistoryEntry[]> {
    return Promise.resolve([...after].flatMap(([stream, id]) => {
      const own = this.entries.filter((entry) => entry.stream === stream);
      const from = own.findIndex((entry) => entry.id === id) + 1;
      return own.slice(from, from + limit);
    }));
  }
}

Deno.test("HistoryFollower.poll() skips the entries before the first call", async () => {
  const streams = new FakeStreams();
  streams.add("core", 1);
  const follower = new HistoryFollower(streams, ["core", "state"]);
  const polled = async () => (await follower.poll()).map(({ envelope }) => envelope);
  assert.deepEqual(await polled(), []);
  streams.add("core", 2);
  streams.add("state", 3);
  assert.deepEqual(await polled(), ["1", "2"]);
  assert.deepEqual(await polled(), []);
});

Deno.test("HistoryFollower.poll() returns each entry once and ordered by time, however many there are", async () => {
  const burst = fc.array(fc.constantFrom("core", "edge", "state"), { maxLength: 40 });
  await fc.assert(fc.asyncProperty(
    fc.array(burst, { maxLength: 6 }),
    fc.integer({ min: 1, max: 5 }),
    async (bursts, limit) => {
      const streams = new FakeStreams();
      const follower = new HistoryFollower(streams, ["core", "edge", "state"], { limit });
      await follower.poll();
      const polled: HistoryEntry[] = [];
      for (const each of bursts) {
        for (const stream of each) streams.add(stream, 1000 + streams.entries.length);
        polled.push(...await follower.poll());
      }
      for (let polls = 0; polls < 300; polls++) polled.push(...await follower.poll());
      assert.deepEqual(polled, streams.entries);
    },
  ));
});

Deno.test("HistoryFollower.poll() reads from the start of a stream that appears after the first call", async () => {
  const streams = new FakeStreams();
  const follower = new HistoryFollower(streams, ["core"]);
  const asked: ReadonlyMap<string, string>[] = [];
  const { readEntries } = streams;
  streams.readEntries = (after, limit) => {
    asked.push(new Map(after));
    assert.equal(limit, 100);
    return readEntries.call(streams, after, limit);
  };
  await follower.poll();
  streams.add("core", 5);
  assert.equal((await follower.poll()).length, 1);
  await follower.poll();
  assert.deepEqual(asked.map((after) => after.get("core")), ["0-0", "0-0", "5-0"]);
});

Deno.test("HistoryFollower.poll() orders entries of the same millisecond by their sequence", async () => {
  const entries = ["7-10", "7-2", "6-30", "8-1"].map((id) => ({
    stream: "core",
    id,
    envelope: id,
  }));
  const follower = new HistoryFollower({
    newestEntry: () => Promise.resolve(undefined),
    readEntries: () => Promise.resolve(entries),
  }, ["core"]);
  const ids = (await follower.poll()).map(({ id }) => id);
  assert.deepEqual(ids, ["6-30", "7-2", "7-10", "8-1"]);
});
