/**
 * CPU time, memory and latency from a recorded video to a subscriber, in one run with a simple
 * OpenCV and redis-py script: `deno task bench [--seconds=30]`.
 */
import { startProgram, Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { quantile, treeUsage } from "./process_tree.ts";

const BASELINE = new URL("opencv_baseline.py", import.meta.url).pathname;
const FPS = 30;
/** Start, compilation and the first detection are not measured. */
const WARM_UP_S = 6;

interface Figures {
  readonly "CPU ms per frame": number;
  readonly "memory MB": number;
  readonly "processes": number;
  readonly "metrics p50 ms": number;
  readonly "metrics p99 ms": number;
  readonly "frames p50 ms": number;
  readonly "frames p99 ms": number;
  readonly "frames lost": number;
  readonly "frames per second": number;
}

const seconds = Number(Deno.args.find((arg) => arg.startsWith("--seconds="))?.slice(10) ?? 30);
const folder = await Deno.makeTempDir({ prefix: "bench_" });
const video = `${folder}/clip.avi`;
await makeVideo(video, seconds);
const table: Record<string, Figures> = {
  physiology_server: await measureServer(video),
  "OpenCV + redis-py": await measureBaseline(video),
};
await Deno.remove(folder, { recursive: true });
console.log(`640x480, ${FPS} frames/s, recorded MJPEG in real time, one subscriber, ${seconds} s`);
for (const figure of Object.keys(table.physiology_server!) as (keyof Figures)[]) {
  const cells = Object.values(table).map((figures) => String(figures[figure]).padStart(18));
  console.log(figure.padEnd(18) + cells.join(""));
}

async function makeVideo(path: string, durationS: number): Promise<void> {
  await using program = startProgram([
    "simulate",
    `--output=${path}`,
    `--truth=${folder}/truth.csv`,
    `--duration=${durationS}`,
  ]);
  const { code, stderr } = await program.ended;
  if (code !== 0) throw new Error(`Cannot make the video: ${stderr}`);
}

async function measureServer(path: string): Promise<Figures> {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  await using server = startProgram([
    `--input_video_path=${path}`,
    `--redis_port=${broker.port}`,
  ]);
  await subscriber.first("frame");
  return await measure(server.pid, subscriber);
}

async function measureBaseline(path: string): Promise<Figures> {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker, "baseline");
  const child = new Deno.Command("/usr/bin/python3", {
    args: [BASELINE, path, `${broker.port}`],
    stdin: "null",
  }).spawn();
  await subscriber.first("frame");
  const figures = await measure(child.pid, subscriber);
  await child.status;
  return figures;
}

async function measure(pid: number, subscriber: Subscriber): Promise<Figures> {
  const pause = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000));
  await pause(WARM_UP_S);
  const before = treeUsage(pid);
  const firstMessage = subscriber.received.length;
  const measuredS = seconds - WARM_UP_S - 3;
  await pause(measuredS);
  const after = treeUsage(pid);
  const messages = subscriber.received.slice(firstMessage);
  const frames = messages.filter(({ type }) => type === "frame");
  const latency = (type: string) =>
    messages.filter((message) => message.type === type)
      .map(({ receivedMs, timestamp }) => receivedMs - timestamp / 1000);
  return {
    "CPU ms per frame": round((after.cpuMs - before.cpuMs) / (measuredS * FPS)),
    "memory MB": round(after.pssBytes / 1e6),
    "processes": after.processes,
    "metrics p50 ms": round(quantile(latency("edge_metrics"), 0.5)),
    "metrics p99 ms": round(quantile(latency("edge_metrics"), 0.99)),
    "frames p50 ms": round(quantile(latency("frame"), 0.5)),
    "frames p99 ms": round(quantile(latency("frame"), 0.99)),
    "frames lost": Math.max(0, Math.round(measuredS * FPS) - frames.length),
    "frames per second": round(frames.length / measuredS),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
