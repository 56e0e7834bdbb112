import assert from "node:assert/strict";
import { RequestBody } from "../../../../src/transports/grpc/body.ts";

Deno.test("a body hands over its chunks in order and gives back what was read", async () => {
  let given = 0;
  const body = new RequestBody((bytes) => given += bytes);
  body.push(new Uint8Array(3));
  const reading = Array.fromAsync(body);
  body.push(new Uint8Array(4));
  body.end();
  assert.deepEqual((await reading).map((chunk) => chunk.length), [3, 4]);
  assert.equal(given, 7);
});

Deno.test("a body that is cut short fails its reader and gives back what nobody read", async () => {
  let given = 0;
  const body = new RequestBody((bytes) => given += bytes);
  const reading = Array.fromAsync(body);
  const cut = assert.rejects(reading, /cut short/);
  body.fail();
  await cut;
  const unread = new RequestBody((bytes) => given += bytes);
  unread.push(new Uint8Array(9));
  unread.fail();
  assert.equal(given, 9);
});
