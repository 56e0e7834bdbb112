import assert from "node:assert/strict";
import { RequestBody } from "../../../../src/transports/grpc/body.ts";

Deno.test("RequestBody yields its chunks in order and reports consumed bytes", async () => {
  let consumed = 0;
  const body = new RequestBody((bytes) => consumed += bytes);
  body.push(new Uint8Array(3));
  const reading = Array.fromAsync(body);
  body.push(new Uint8Array(4));
  body.end();
  assert.deepEqual((await reading).map((chunk) => chunk.length), [3, 4]);
  assert.equal(consumed, 7);
});

Deno.test("RequestBody.fail() fails the reader and reports unread bytes as consumed", async () => {
  let consumed = 0;
  const body = new RequestBody((bytes) => consumed += bytes);
  const reading = Array.fromAsync(body);
  const failed = assert.rejects(reading, /ended early/);
  body.fail();
  await failed;
  const unread = new RequestBody((bytes) => consumed += bytes);
  unread.push(new Uint8Array(9));
  unread.fail();
  assert.equal(consumed, 9);
});

Deno.test("RequestBody.ended is true once it is complete or has failed, whichever comes first", async () => {
  const complete = new RequestBody(() => {});
  assert.equal(complete.ended, false);
  complete.end();
  assert.equal(complete.ended, true);
  complete.fail();
  assert.deepEqual(await Array.fromAsync(complete), [], "it stays complete");
  const failed = new RequestBody(() => {});
  failed.fail();
  assert.equal(failed.ended, true);
  failed.end();
  await assert.rejects(Array.fromAsync(failed), /ended early/);
});

Deno.test("RequestBody wakes a reader that waits for a chunk or the end, and ignores empty chunks", async () => {
  const consumed: number[] = [];
  const body = new RequestBody((bytes) => void consumed.push(bytes));
  const reading = Array.fromAsync(body);
  await Promise.resolve();
  body.push(new Uint8Array());
  body.push(new Uint8Array(2));
  await Promise.resolve();
  body.end();
  assert.deepEqual((await reading).map(({ length }) => length), [2]);
  assert.deepEqual(consumed, [2]);
});
