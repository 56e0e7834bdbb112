import assert from "node:assert/strict";
import { rejectionReason } from "../../../../src/transports/redis/rejection_reason.ts";
import { FakeRedis } from "../../../support/fake_redis.ts";
import { HeldTimers } from "../../../support/held_timers.ts";
import { waitFor } from "../../../support/wait.ts";

/** Returns what is read from a server that sends `farewell` and closes. */
async function reasonAfter(farewell: string): Promise<string | undefined> {
  await using server = new FakeRedis();
  server.farewell = farewell;
  using timers = new HeldTimers();
  const reason = await rejectionReason({ host: server.hostname, port: server.port });
  assert.deepEqual(timers.remainingMs, [], "the timeout is cleared");
  return reason;
}

Deno.test("rejectionReason() returns the error that the server sends, without its dash", async () => {
  assert.equal(await reasonAfter("-ERR max number of clients\r\n"), "ERR max number of clients");
});

Deno.test("rejectionReason() returns undefined if the server sends no error or nothing", async () => {
  assert.equal(await reasonAfter("+OK\r\n"), undefined);
  assert.equal(await reasonAfter(""), undefined);
});

Deno.test("rejectionReason() returns undefined if there is no server", async () => {
  const server = new FakeRedis();
  await server[Symbol.asyncDispose]();
  assert.equal(await rejectionReason({ host: server.hostname, port: server.port }), undefined);
});

Deno.test("rejectionReason() waits for half a second and closes its connection", async () => {
  await using server = new FakeRedis();
  using timers = new HeldTimers();
  const reading = rejectionReason({ host: server.hostname, port: server.port });
  await waitFor("the connection", () => server.open === 1 && timers.remainingMs.length > 0);
  timers.advance(450);
  assert.equal(server.open, 1);
  timers.advance(100);
  assert.equal(await reading, undefined);
  await waitFor("the end", () => server.open === 0);
});

Deno.test("rejectionReason() closes its connection when the signal aborts", async () => {
  await using server = new FakeRedis();
  const ending = new AbortController();
  const address = { host: server.hostname, port: server.port };
  const reading = rejectionReason(address, ending.signal);
  await waitFor("the connection", () => server.open === 1, { pollMs: 1 });
  ending.abort();
  assert.equal(await reading, undefined);
  await waitFor("the end", () => server.open === 0, { pollMs: 1 });
  assert.equal(await rejectionReason(address, ending.signal), undefined);
});

Deno.test("rejectionReason() ends quietly if the signal aborts just before the timeout", async () => {
  await using server = new FakeRedis();
  using timers = new HeldTimers();
  const ending = new AbortController();
  const reading = rejectionReason({ host: server.hostname, port: server.port }, ending.signal);
  await waitFor("the connection", () => server.open === 1 && timers.remainingMs.length > 0);
  ending.abort();
  timers.advance(600);
  assert.equal(await reading, undefined);
});
