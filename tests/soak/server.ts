/**
 * Runs the server with one subscriber in real time, on a camera that repeats a recording of the
 * simulated person. Checks that memory and open files do not grow and that no metric is missing.
 *
 *   deno run -A tests/soak/server.ts --minutes=60 --warm_up=10
 *
 * Exits with status 1 if a check fails.
 */
import { parseArgs } from "node:util";
import { treeUsage } from "../bench/process_tree.ts";
import { portraitJpegs, recordingFile } from "../support/camera_recording.ts";
import { startProgram } from "../support/physiology_server.ts";
import { clock } from "../support/messages.ts";
import { startRedis } from "../support/redis_server.ts";
import { linearFit } from "./linear_fit.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    warm_up: { type: "string", default: "10" },
  },
});
const warmUp = Number(values.warm_up);
const end = warmUp + Number(values.minutes);
const MAX_MB_PER_HOUR = 1;
const SAMPLE_S = 5;
/** Memory varies with garbage collection; a leak shows in the minimum of each interval. */
const INTERVAL_HOURS = 1 / 30;

const jpegs = await portraitJpegs({ seconds: 30, fps: 30 });
await using camera = await recordingFile({
  fourcc: "MJPG",
  width: 640,
  height: 480,
  loop: true,
  frames: jpegs.map((bytes) => ({ bytes })),
});
await using redis = await startRedis();
const received = { core: 0, edge: 0, frames: 0, strict: 0, newest: 0, missing: 0 };
const subscriber = redis.client();
subscriber.on("message", (channel: string, text: string) => {
  if (channel.endsWith(":frame")) received.frames++;
  else if (channel.endsWith(":edge_metrics")) received.edge++;
  else {
    const { pulse, metadata } = JSON.parse(text).payload;
    received.core++;
    if (pulse?.strict) received.strict++;
    if (received.newest) received.missing += metadata.sequence - received.newest - 1;
    received.newest = metadata.sequence;
  }
});
await subscriber.subscribe(
  "physiology:core_metrics",
  "physiology:edge_metrics",
  "physiology:frame",
);

await using server = startProgram([
  "--use_camera",
  `--camera_device=${camera.path}`,
  `--redis_port=${redis.port}`,
]);
const points: { readonly hours: number; readonly mb: number; readonly files: number }[] = [];
const startMs = performance.now();
const minutesNow = () => (performance.now() - startMs) / 60_000;
let reportedMinutes = 0;
while (minutesNow() < end) {
  await clock.sleep(SAMPLE_S * 1000);
  if (!server.running) break;
  const mb = treeUsage(server.pid).rssBytes / 1e6;
  const files = [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
  if (minutesNow() > warmUp) points.push({ hours: minutesNow() / 60, mb, files });
  if (minutesNow() >= reportedMinutes) {
    const { core, frames, strict, missing } = received;
    console.log(
      `minute ${reportedMinutes}: ${mb.toFixed(1)} MB, ${files} files, ${core} core metrics, ` +
        `${strict} with a pulse, ${missing} missing, ${frames} frames`,
    );
    reportedMinutes += 5;
  }
}
const minima = Object.values(
  Object.groupBy(points, ({ hours }) => Math.floor(hours / INTERVAL_HOURS)),
).map((block = []) => block.reduce((lowest, point) => point.mb < lowest.mb ? point : lowest));
const { slope, error } = linearFit(minima.map(({ hours, mb }) => [hours, mb]));
const files = points.map((point) => point.files);
const { cpuMs } = treeUsage(server.pid);
console.log(
  `memory, minimum of every two minutes: ${slope.toFixed(2)} ± ${error.toFixed(2)} MB an hour`,
);
console.log(`open files: ${Math.min(...files)} to ${Math.max(...files)}`);
console.log(
  `CPU: ${(cpuMs / Math.max(1, received.edge)).toFixed(2)} ms per frame, including the start`,
);
const failures = [
  ...server.running ? [] : [`the server ended: ${server.stderr}`],
  ...slope - 2 * error > MAX_MB_PER_HOUR ? ["memory grows"] : [],
  ...Math.max(...files) > Math.min(...files) ? ["open files grow or shrink"] : [],
  ...received.missing > 0 ? ["core metrics are missing"] : [],
];
for (const failure of failures) console.error(failure);
Deno.exitCode = failures.length > 0 ? 1 : 0;
