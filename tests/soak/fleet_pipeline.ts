/**
 * Runs a fleet in key-value mode and workers of integrations/fleet/analytics_worker.py, of which one
 * is killed in each interval, and compares what they stored with what was published.
 * Run: deno run -A tests/soak/fleet_pipeline.ts --minutes=5 --every=10 --devices=40 --workers=4
 */
import { parseArgs } from "node:util";
import { runPipeline } from "../support/fleet_pipeline.ts";
import { startRedis } from "../support/redis_server.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    every: { type: "string", default: "10" },
    devices: { type: "string", default: "40" },
    workers: { type: "string", default: "4" },
  },
});

await using server = await startRedis();
const result = await runPipeline(server, {
  devices: Number(values.devices),
  workers: Number(values.workers),
  seconds: Number(values.minutes) * 60,
  killEveryS: Number(values.every),
  claimAfterS: 5,
});
const { published, repeated, stored, different, killed } = result;
console.log(
  `${killed} workers killed; ${published} messages published, ${repeated} of them twice; ` +
    `${different} processed, ` +
    `${stored - different} processed more than once`,
);
Deno.exit(published === different && stored === different ? 0 : 1);
