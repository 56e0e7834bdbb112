/**
 * Publishes to a real redis-server through a proxy, in real time, with a fault every so often,
 * and sees to it that no metric is missing, memory is flat and no file stays open.
 *
 *   deno run -A tests/soak/redis_faults.ts --minutes=30 --every=60 --outage=10
 *   deno run -A tests/soak/redis_faults.ts --minutes=15 --every=90 --outage=60 --only=killed
 *
 * Ends with status 1 where something is wrong.
 */
import { parseArgs } from "node:util";
import { FramePacing } from "../../src/envelope/frame_pacing.ts";
import { type Fault, FaultProxy } from "../support/fault_proxy.ts";
import { temporaryFolder } from "../support/folders.ts";
import { clock, coreMetric, frame } from "../support/messages.ts";
import { optionsFor, startOutbox, subscribe } from "../support/redis_outbox.ts";
import { startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    every: { type: "string", default: "60" },
    outage: { type: "string", default: "10" },
    only: { type: "string", default: "" },
  },
});
const [minutes, every, outage] = [values.minutes, values.every, values.outage].map(Number) as [
  number,
  number,
  number,
];

using folder = temporaryFolder();
await using server = await startRedis();
await using proxy = new FaultProxy(server);
const received = await subscribe(server, "physiology:core_metrics", "physiology:frame");
const seen = new Set<number>();
let framesSeen = 0;
let lastFrameMs = 0;

await using ends = startOutbox(optionsFor(proxy), {
  memoryBytes: 100_000,
  spoolFolder: `${folder.path}/spool`,
});
const pacing = new FramePacing({ policy: "always", maxFps: 30 });
let sequence = 0;
let turn = 0;
const producer = setInterval(() => {
  if (turn++ % 6 === 0) ends.outbox.offer(coreMetric(++sequence));
  const demand = { wanted: ends.outbox.framesWanted, degradation: ends.outbox.frameDegradation };
  if (pacing.isDue(clock.monotonicUs(), demand)) ends.outbox.offer(frame(turn, 60_000));
}, 33);
const consumer = setInterval(() => {
  for (const { type, payload } of received.splice(0)) {
    if (type === "core_metrics") seen.add(payload.metadata?.sequence ?? 0);
    else {
      framesSeen++;
      lastFrameMs = performance.now();
    }
  }
}, 50);

const garbage = crypto.getRandomValues(new Uint8Array(5000));
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
  ["swallowed", () => withFault({ swallow: true })],
  ["garbage", () => withFault({ answer: garbage })],
  ["half replies", () => withFault({ halfReplies: true })],
  ["slow", () => withFault({ bytesPerSecond: 125_000, delayMs: 150 })],
  ["cut", () => Promise.resolve(proxy.cut())],
];

const FAULTS = ALL_FAULTS.filter(([name]) => !values.only || name === values.only);

async function withFault(fault: Fault): Promise<void> {
  proxy.fault = fault;
  await clock.sleep(outage * 1000);
  proxy.fault = {};
  proxy.cut();
}

const samples: { readonly hours: number; readonly rss: number; readonly files: number }[] = [];
const startMs = performance.now();
const failures: string[] = [];
for (let round = 0; performance.now() - startMs < minutes * 60_000; round++) {
  const [name, fault] = FAULTS[round % FAULTS.length] ?? FAULTS[0] ?? ["", async () => {}];
  const roundMs = performance.now();
  await fault();
  const endMs = performance.now();
  await waitFor("frames", () => lastFrameMs > endMs, { timeoutMs: 30_000 })
    .catch((error) => failures.push(`${name}: ${error.message}`));
  const framesMs = lastFrameMs - endMs;
  await clock.sleep(Math.max(0, every * 1000 - (performance.now() - roundMs)));
  const { rss } = Deno.memoryUsage();
  const files = [...Deno.readDirSync("/proc/self/fd")].length;
  samples.push({ hours: (performance.now() - startMs) / 3_600_000, rss, files });
  console.log(
    `${name.padEnd(12)} frames back after ${framesMs.toFixed(0)} ms, ` +
      `${sequence - seen.size} metrics to come, ${(rss / 1e6).toFixed(0)} MB, ${files} files`,
  );
}
clearInterval(producer);
await waitFor("every metric", () => seen.size === sequence, { timeoutMs: 120_000 })
  .catch((error) => failures.push(error.message));
clearInterval(consumer);

const later = samples.slice(Math.floor(samples.length / 2));
const slope = slopeOf(later.map(({ hours, rss }) => [hours, rss / 1e6]));
const files = later.map((sample) => sample.files);
console.log(`${sequence} metrics, ${sequence - seen.size} missing; ${framesSeen} frames`);
console.log(`resident memory ${slope.toFixed(1)} MB an hour over the second half`);
console.log(`open files ${Math.min(...files)} to ${Math.max(...files)}`);
console.log(`dropped metrics ${ends.dropped("metric")}, frames ${ends.dropped("frame")}`);
for (const failure of failures) console.error(failure);
Deno.exitCode = failures.length > 0 || ends.dropped("metric") > 0 ? 1 : 0;

/** The slope of the line through the points, by least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, p) => sum + p[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const above = points.reduce((sum, p) => sum + (p[0] - x) * (p[1] - y), 0);
  return above / points.reduce((sum, p) => sum + (p[0] - x) ** 2, 0);
}
