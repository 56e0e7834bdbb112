import assert from "node:assert/strict";
import { Code, ConnectError } from "@connectrpc/connect";
import fc from "fast-check";
import { SubscriptionHub } from "../../../../src/transports/grpc/subscription_hub.ts";

Deno.test("SubscriptionHub.subscribe() yields the latest message first, and then each new one", async () => {
  const hub = new SubscriptionHub<number>({ capacity: 4 });
  hub.publish(1);
  hub.publish(2);
  const controller = new AbortController();
  const received: number[] = [];
  for await (const value of hub.subscribe(controller.signal)) {
    received.push(value);
    if (value < 5) hub.publish(value + 1);
    else controller.abort();
  }
  assert.deepEqual(received, [2, 3, 4, 5]);
  assert.equal(hub.subscribers, 0);
});

Deno.test("SubscriptionHub.subscribe() ends while it waits when the signal aborts", async () => {
  const hub = new SubscriptionHub<number>({ capacity: 4 });
  const controller = new AbortController();
  const next = hub.subscribe(controller.signal).next();
  controller.abort();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.equal(hub.subscribers, 0);
});

Deno.test("SubscriptionHub drops the oldest messages of a slow subscriber and keeps the order", async () => {
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 5 }),
    fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }),
    async (capacity, bursts) => {
      let drops = 0;
      const hub = new SubscriptionHub<number>({ capacity, onDrop: () => drops++ });
      const controller = new AbortController();
      const stream = hub.subscribe(controller.signal);
      let sent = 0;
      const received: number[] = [];
      let pending = stream.next();
      for (const burst of bursts) {
        for (let i = 0; i < burst; i++) hub.publish(++sent);
        const { value } = await pending;
        received.push(value!);
        pending = stream.next();
      }
      controller.abort();
      await pending;
      assert.deepEqual(received, [...received].sort((a, b) => a - b));
      assert(drops + received.length <= sent && sent - drops - received.length <= capacity + 1);
    },
  ));
});

Deno.test("SubscriptionHub.subscribe() throws the deadline that aborted it", async () => {
  const hub = new SubscriptionHub<number>({ capacity: 3, onDrop: () => {} });
  const controller = new AbortController();
  const next = hub.subscribe(controller.signal).next();
  controller.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  await assert.rejects(next, { code: Code.DeadlineExceeded });
  assert.equal(hub.subscribers, 0);
});
