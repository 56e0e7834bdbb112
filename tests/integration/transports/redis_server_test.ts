import assert from "node:assert/strict";
import { startRedis } from "../../support/redis_server.ts";

Deno.test("startRedis() restarts a killed redis-server on the same port", async () => {
  await using server = await startRedis();
  const client = server.client();
  assert.equal(await client.ping(), "PONG");
  await server.kill();
  await server.restart();
  assert.equal(await client.ping(), "PONG");
});

Deno.test("startRedis() passes arguments such as a password to redis-server", async () => {
  await using server = await startRedis({ args: ["--requirepass", "secret"] });
  await assert.rejects(server.client({ lazyConnect: true }).ping(), /NOAUTH/);
  assert.equal(await server.client({ password: "secret" }).ping(), "PONG");
});
