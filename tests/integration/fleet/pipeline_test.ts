import assert from "node:assert/strict";
import { runPipeline } from "../../support/fleet_pipeline.ts";
import { startRedis } from "../../support/redis_server.ts";

Deno.test("analytics_worker.py stores each message once, while workers are killed", async () => {
  await using server = await startRedis();
  const result = await runPipeline(server, {
    devices: 6,
    workers: 3,
    seconds: 4,
    killEveryS: 1,
    claimAfterS: 1,
  });
  assert.ok(result.killed >= 1 && result.published > 100, JSON.stringify(result));
  assert.equal(result.stored, result.published);
  assert.equal(result.different, result.published);
});
