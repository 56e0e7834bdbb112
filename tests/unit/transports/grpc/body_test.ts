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
