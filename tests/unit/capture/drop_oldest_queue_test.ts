import assert from "node:assert/strict";
import { DropOldestQueue } from "../../../src/capture/drop_oldest_queue.ts";

Deno.test("DropOldestQueue drops the oldest when full, and returns the rest in order before it ends", async () => {
  const dropped: number[] = [];
  const queue = new DropOldestQueue<number>(3, (item) => dropped.push(item));
  const early = queue.next();
  for (let i = 0; i < 6; i++) queue.push(i);
  queue.close();
  queue.push(99);
  const taken = [await early, await queue.next(), await queue.next(), await queue.next()];
  assert.deepEqual([taken, dropped], [[3, 4, 5, undefined], [0, 1, 2, 99]]);
});

Deno.test("DropOldestQueue.next() returns as soon as an item comes or the queue is closed", async () => {
  const queue = new DropOldestQueue<number>(3, () => {});
  for (const end of [() => queue.push(5), () => queue.close()]) {
    let result: { item: number | undefined } | undefined;
    queue.next().then((item) => result = { item });
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(result, undefined);
    end();
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.ok(result);
  }
});
