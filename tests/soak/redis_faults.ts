/**
 * A process publishes to a real redis-server through a proxy in real time, with a fault every
 * `--every` seconds. Checks that no metric is missing, that memory does not grow, and prints the
 * number of open files.
 *
 *   deno run -A tests/soak/redis_faults.ts --minutes=30 --every=60 --outage=10
 *   deno run -A tests/soak/redis_faults.ts --minutes=15 --every=90 --outage=60 --only=killed
 *
 * Exits with status 1 if a check fails.
 */
import { createInterface } from "node:readline/promises";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import { type Fault, FaultProxy } from "../support/fault_proxy.ts";
import { temporaryFolder } from "../support/folders.ts";
import { clock } from "../support/messages.ts";
import { subscribe } from "../support/redis_outbox.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { linearFit } from "./linear_fit.ts";
import type { PublisherReport } from "./publisher.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    every: { type: "string", default: "60" },
    outage: { type: "string", default: "10" },
    only: { type: "string", default: "" },
    warm_up: { type: "string", default: "180" },
  },
});
const [minutes, every] = [Number(values.minutes), Number(values.every)];
let outage: number;
/** Seconds in which pools fill and code is compiled, so that memory grows without a leak. */
const warmUp = Number(values.warm_up);
const MAX_MB_PER_HOUR = 1;

using folder = temporaryFolder();
await using server = await startRedis();
await using proxy = new FaultProxy(server);
const received = await subscribe(server, "physiology:core_metrics", "physiology:frame");
const seen = new Set<number>();
let outOfOrder = 0;
let newestLive = 0;
let framesSeen = 0;
let lastFrameMs = 0;
const consumer = setInterval(() => {
  for (const { type, payload } of received.splice(0)) {
    if (type === "core_metrics") note(payload.metadata?.sequence ?? 0, payload.metadata?.replayed);
    else {
      framesSeen++;
      lastFrameMs = performance.now();
    }
  }
}, 50);

function note(sequence: number, replayed: boolean | undefined): void {
  seen.add(sequence);
  if (replayed) return;
  if (sequence < newestLive) outOfOrder++;
  newestLive = sequence;
}

const publisher = new Deno.Command(Deno.execPath(), {
  args: [
    // The V8 flags of scripts/physiology_server.
    ...["run", "-A", "--v8-flags=--expose-gc,--max-semi-space-size=2"],
    new URL("publisher.ts", import.meta.url).pathname,
    ...[String(proxy.port), `${folder.path}/spool`, String(warmUp)],
  ],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const reports: (PublisherReport & { readonly hours: number })[] = [];
let startMs = performance.now();
const reading = (async () => {
  for await (
    const line of createInterface({ input: Readable.fromWeb(publisher.stdout as never) })
  ) {
    reports.push({ ...JSON.parse(line), hours: (performance.now() - startMs) / 3_600_000 });
  }
})();

const encoder = new TextEncoder();
const ALL_FAULTS: readonly [string, () => Promise<void>][] = [
  ["killed", async () => {
    await server.kill();
    await clock.sleep(outage * 1000);
    await server.restart();
  }],
  ["frozen", async () => {
    server.freeze();
    await clock.sleep(outage * 1000);
    server.thaw();
  }],
  ["swallowed", () => withFault({ discard: true })],
  ["garbage", () => withFault({ answer: crypto.getRandomValues(new Uint8Array(5000)) })],
  ["half replies", () => withFault({ halfReplies: true })],
  ["20 MB string", () => withFault({ answer: encoder.encode("$20971520\r\n" + "x".repeat(9e4)) })],
  ["10 M elements", () => withFault({ answer: encoder.encode("*10000000\r\n" + ":1\r\n") })],
  ["single bytes", () => withFault({ byteAtATime: true })],
  ["slow", () => withFault({ bytesPerSecond: 125_000, delayMs: 150 })],
  ["cut", () => Promise.resolve(proxy.cut())],
];
const faults = ALL_FAULTS.filter(([name]) => !values.only || name === values.only);

async function withFault(fault: Fault): Promise<void> {
  proxy.fault = fault;
  await clock.sleep(outage * 1000);
  proxy.fault = {};
  proxy.cut();
}

outage = 0.3;
for (let round = 0; performance.now() - startMs < warmUp * 1000; round++) {
  await faults[round % faults.length]?.[1]();
  await clock.sleep(700);
}
outage = Number(values.outage);
reports.length = 0;
startMs = performance.now();
const failures: string[] = [];
for (let round = 0; performance.now() - startMs < minutes * 60_000; round++) {
  const [name, fault] = faults[round % faults.length] ?? ["no fault", async () => {}];
  const roundMs = performance.now();
  await fault();
  const endMs = performance.now();
  await waitFor("frames", () => lastFrameMs > endMs, { timeoutMs: 30_000 })
    .catch((error) => failures.push(`${name}: ${error.message}`));
  const framesMs = lastFrameMs - endMs;
  if (framesMs > 2000) failures.push(`${name}: frames came back after ${framesMs.toFixed(0)} ms`);
  await clock.sleep(Math.max(0, every * 1000 - (performance.now() - roundMs)));
  const { sequence = 0, rss = NaN, heap = NaN, files = NaN } = reports.at(-1) ?? {};
  console.log(
    `${name.padEnd(13)} frames back after ${framesMs.toFixed(0)} ms, ` +
      `${Math.max(0, sequence - seen.size)} metrics pending, ${
        (rss / 1e6).toFixed(1)
      } MB resident, ` +
      `${(heap / 1e6).toFixed(1)} MB of objects, ${files} files`,
  );
}
await publisher.stdin.close();
await publisher.status;
await reading;
const last = reports.at(-1);
const sequence = last?.sequence ?? NaN;
await waitFor("every metric", () => seen.size === sequence, { timeoutMs: 10_000 })
  .catch((error) => failures.push(error.message));
clearInterval(consumer);

const resident = linearFit(reports.map(({ hours, rss }) => [hours, rss / 1e6]));
const objects = linearFit(reports.map(({ hours, heap }) => [hours, heap / 1e6]));
const files = reports.map((sample) => sample.files);
console.log(
  `${sequence} metrics, ${sequence - seen.size} missing, ${outOfOrder} out of order; ` +
    `${framesSeen} frames`,
);
for (const [what, { slope, error }] of Object.entries({ resident, objects })) {
  console.log(
    `memory, ${what}: ${slope.toFixed(2)} ± ${error.toFixed(2)} MB an hour`,
  );
}
console.log(`open files ${Math.min(...files)} to ${Math.max(...files)}`);
console.log(`dropped metrics ${last?.dropped.metric}, frames ${last?.dropped.frame}`);
if (last?.dropped.metric !== 0) failures.push("metrics were dropped");
if (outOfOrder > 0) failures.push("live metrics came out of order");
if (resident.slope > MAX_MB_PER_HOUR) failures.push("resident memory grows");
for (const failure of failures) console.error(failure);
Deno.exit(failures.length > 0 ? 1 : 0);
