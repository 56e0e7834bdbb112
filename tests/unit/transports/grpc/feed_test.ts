import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { Feed } from "../../../../src/transports/grpc/feed.ts";

Deno.test("a listener gets the newest message first, and then each as it comes", async () => {
  const feed = new Feed<number>({ capacity: 4 });
  feed.publish(1);
  feed.publish(2);
  const controller = new AbortController();
  const got: number[] = [];
  for await (const value of feed.listen(controller.signal)) {
    got.push(value);
    if (value < 5) feed.publish(value + 1);
    else controller.abort();
  }
  assert.deepEqual(got, [2, 3, 4, 5]);
  assert.equal(feed.listeners, 0);
});

Deno.test("a listener that waits learns of the end", async () => {
  const feed = new Feed<number>({ capacity: 4 });
  const controller = new AbortController();
  const next = feed.listen(controller.signal).next();
  controller.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.equal(feed.listeners, 0);
});

Deno.test("a slow listener misses the oldest messages, and never the order", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
    async (capacity, bursts) => {
      let drops = 0;
      const feed = new Feed<number>({ capacity, onDrop: () => drops++ });
      const controller = new AbortController();
      const stream = feed.listen(controller.signal);
      let sent = 0;
      const got: number[] = [];
      let pending = stream.next();
      for (const burst of bursts) {
        for (let i = 0; i < burst; i++) feed.publish(++sent);
        const { value } = await pending;
        got.push(value!);
        pending = stream.next();
      }
      controller.abort();
      await pending;
      assert.deepEqual(got, [...got].sort((a, b) => a - b));
      assert(drops + got.length <= sent && sent - drops - got.length <= capacity + 1);
    },
  ));
});

Deno.test("a stream that a deadline cuts off ends with the deadline's code", async () => {
  const feed = new Feed<number>({ capacity: 3, onDrop: () => {} });
  const controller = new AbortController();
  const next = feed.listen(controller.signal).next();
  controller.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  await assert.rejects(next, { code: Code.DeadlineExceeded });
  assert.equal(feed.listeners, 0);
});
