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
