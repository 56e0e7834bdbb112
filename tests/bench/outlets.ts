/**
 * CPU time per frame with all outlets of the device on, against none, in turns in one run:
 *
 *   deno run -A tests/bench/outlets.ts [--seconds=20] [--rounds=3] [--client=everything]
 *
 * The input is a camera that repeats a recording in MJPEG, 640x480 at 30 frames a second; Redis has
 * one subscriber to everything. The outlets are MQTT with a subscriber, a scrape of `/metrics` each
 * second, and the web page with a client of the stream: one that receives all messages and every frame
 * (`everything`), or what the overview of the page receives, without edge metrics and with a still a
 * second (`overview`).
 */
import { parseArgs } from "node:util";
import { median } from "../../src/base/statistics.ts";
import { portraitJpegs, recordingFile } from "../support/camera_recording.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { startProgram } from "../support/physiology_server.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { treeUsage } from "./process_tree.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    client: { type: "string", default: "everything" },
  },
});
const seconds = Number(values.seconds);
const isOverview = values.client === "overview";
const METRICS = ["core_metrics", "status", "recording_state"];
const EVERYTHING = { subscribe: [...METRICS, "edge_metrics", "frame"] };
const OVERVIEW = { subscribe: METRICS, stills: ["physiology"] };
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const jpegs = await portraitJpegs({ seconds: 30, fps: 30 });
await using camera = await recordingFile({
  fourcc: "MJPG",
  width: 640,
  height: 480,
  loop: true,
  frames: jpegs.map((bytes) => ({ bytes })),
});

/** CPU time of the server per frame that arrived at the subscriber of Redis, in milliseconds. */
async function measure(withOutlets: boolean): Promise<number> {
  await using redis = await startRedis();
  await using broker = await startMosquitto();
  await using observer = await broker.observe();
  const subscriber = redis.client();
  let frames = 0;
  subscriber.on("pmessage", (_pattern: string, channel: string) => {
    if (channel.endsWith(":frame")) frames++;
  });
  await subscriber.subscribe("physiology:frame");
  await subscriber.psubscribe("physiology:*");
  const port = freePort();
  await using server = startProgram([
    "--use_camera",
    `--camera_device=${camera.path}`,
    `--redis_port=${redis.port}`,
    ...withOutlets ? [`--mqtt_url=${broker.url}`, `--http_port=${port}`] : [],
  ]);
  await waitFor("frames", () => frames > 60, { timeoutMs: 60_000 });
  const page = `127.0.0.1:${port}`;
  const socket = withOutlets ? new WebSocket(`ws://${page}/v1/stream`) : undefined;
  let stills = 0;
  if (socket) {
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    socket.addEventListener("message", ({ data }) => typeof data === "string" || stills++);
    socket.send(JSON.stringify(isOverview ? OVERVIEW : EVERYTHING));
  }
  await sleep(8000); // code is compiled and pools are full
  const [before, framesBefore] = [treeUsage(server.pid).cpuMs, frames];
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    if (withOutlets) await (await fetch(`http://${page}/metrics`)).text();
    observer.messages.length = 0;
    await sleep(1000);
  }
  const cost = (treeUsage(server.pid).cpuMs - before) / (frames - framesBefore);
  if (socket) {
    if (stills < (isOverview ? seconds / 2 : frames / 2)) {
      throw new Error(`The page received only ${stills} frames`);
    }
    socket.close();
  }
  return cost;
}

const costs = { none: [] as number[], all: [] as number[] };
for (let round = 0; round < Number(values.rounds); round++) {
  costs.none.push(await measure(false));
  costs.all.push(await measure(true));
}
const [none, all] = [median(costs.none), median(costs.all)];
const list = (each: readonly number[]) => each.map((value) => value.toFixed(2)).join(", ");
console.log(`no outlet: ${none.toFixed(2)} ms CPU a frame (${list(costs.none)})`);
console.log(`all outlets: ${all.toFixed(2)} ms CPU a frame (${list(costs.all)})`);
console.log(`${((all / none - 1) * 100).toFixed(1)} % more`);
