import assert from "node:assert/strict";
import { startRedis } from "../../support/redis_server.ts";

Deno.test("a test's redis-server comes back on its port after a kill", async () => {
  await using server = await startRedis();
  const client = server.client();
  assert.equal(await client.ping(), "PONG");
  await server.kill();
  await server.restart();
  assert.equal(await client.ping(), "PONG");
});

Deno.test("a test's redis-server can want a password", async () => {
  await using server = await startRedis({ args: ["--requirepass", "secret"] });
  await assert.rejects(server.client({ lazyConnect: true }).ping(), /NOAUTH/);
  assert.equal(await server.client({ password: "secret" }).ping(), "PONG");
});
