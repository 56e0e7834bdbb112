/**
 * CPU time and memory of `dashboard` with many devices and several clients of its stream.
 *
 *   deno run -A tests/bench/dashboard.ts [--devices=60] [--clients=4] [--seconds=30] [--stills]
 *
 * Each device publishes core metrics five times a second, a status every 5 s, and, with `--stills`,
 * frames of 40 kB at 30 fps while it finds subscribers, as the server does. Each client subscribes to
 * all devices.
 */
import { parseArgs } from "node:util";
import { goldenEnvelopes } from "../support/golden_envelopes.ts";
import { ProgramUnderTest } from "../support/physiology_server.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { StreamProbe } from "../support/stream_probe.ts";
import { waitFor } from "../support/wait.ts";
import { treeUsage } from "./process_tree.ts";

const TEXT = { type: "string" } as const;
const { values } = parseArgs({
  args: Deno.args,
  options: { devices: TEXT, clients: TEXT, seconds: TEXT, stills: { type: "boolean" } },
});
const deviceCount = Number(values.devices ?? 60);
const clientCount = Number(values.clients ?? 4);
const seconds = Number(values.seconds ?? 30);

const devices = Array.from({ length: deviceCount }, (_, at) => `bed-${at + 1}`);
const core = goldenEnvelopes().filter(({ type }) => type === "core_metrics").at(-1)!;
const status = goldenEnvelopes().find(({ type }) => type === "status")!;
const image = new Uint8Array(40_000);
image.set([0xff, 0xd8]);
const data = image.toBase64();

await using server = await startRedis();
const client = server.client();
const port = freePort();
await using dashboard = new ProgramUnderTest([
  "dashboard",
  "--redis_host=127.0.0.1",
  `--redis_port=${server.port}`,
  `--port=${port}`,
]);
await waitFor("the page", () => dashboard.stderr.includes("Serving the web page"), {
  timeoutMs: 60_000,
});

let messages = 0;
let frames = 0;
const wanted = new Set<string>();
const inFlight = new Set<string>();

async function publishMetrics(turn: number): Promise<void> {
  const pipeline = client.pipeline();
  const timestamp = Date.now() * 1000;
  for (const device of devices) {
    pipeline.publish(`${device}:core_metrics`, JSON.stringify({ ...core, timestamp }));
    if (turn % 25 === 0) {
      pipeline.publish(`${device}:status`, JSON.stringify({ ...status, timestamp }));
    }
  }
  messages += pipeline.length;
  await pipeline.exec();
}

async function findSubscribers(): Promise<void> {
  const channels = devices.map((device) => `${device}:frame`);
  const counts = await client.pubsub("NUMSUB", ...channels) as unknown[];
  devices.forEach((device, at) => Number(counts[2 * at + 1]) > 0 && wanted.add(device));
}

async function publishFrames(): Promise<void> {
  const timestamp = Date.now() * 1000;
  const payload = { data, width: 640, height: 480, format: "jpeg", sequence: 1 };
  const text = JSON.stringify({ type: "frame", timestamp, payload });
  // As the server, a device waits for the acknowledgement of its last frame.
  await Promise.all([...wanted.difference(inFlight)].map(async (device) => {
    frames++;
    inFlight.add(device);
    if (await client.publish(`${device}:frame`, text) === 0) wanted.delete(device);
    inFlight.delete(device);
  }));
}

let turn = 0;
const timers = [
  setInterval(() => void publishMetrics(turn++), 200),
  ...values.stills
    ? [
      setInterval(() => void findSubscribers(), 200),
      setInterval(() => void publishFrames(), 33),
    ]
    : [],
];
const subscription = {
  subscribe: ["core_metrics", "status", "recording_state"],
  stills: values.stills ? devices : [],
};
const probes = await Promise.all(
  Array.from(
    { length: clientCount },
    () => StreamProbe.subscribed(`http://127.0.0.1:${port}`, subscription),
  ),
);
await waitFor(
  "all devices",
  () =>
    probes.every((probe) =>
      new Set(probe.messages.map(({ device }) => device)).size > devices.length
    ),
);
for (const probe of probes) probe.messages.length = 0;
[messages, frames] = [0, 0];
const before = treeUsage(dashboard.pid);
const startMs = performance.now();
await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
const elapsedS = (performance.now() - startMs) / 1000;
const after = treeUsage(dashboard.pid);
for (const timer of timers) clearInterval(timer);

const received = probes.flatMap((probe) => probe.messages);
const stills = received.filter(({ bytes }) => bytes !== undefined).length;
const perSecond = (count: number) => (count / elapsedS).toFixed(1);
console.log(`published: ${perSecond(messages)} messages/s, ${perSecond(frames)} frames/s`);
console.log(
  `received by ${clientCount} clients: ${perSecond(received.length - stills)} messages/s, ` +
    `${perSecond(stills)} stills/s`,
);
console.log(
  `dashboard: ${((after.cpuMs - before.cpuMs) / 10 / elapsedS).toFixed(1)} % of a core, ` +
    `${(after.rssBytes / 1e6).toFixed(0)} MB resident`,
);
await Promise.all(probes.map((probe) => probe[Symbol.asyncDispose]()));
