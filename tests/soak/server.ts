/**
 * Runs the server with one subscriber in real time. Checks that the memory of each of its processes
 * and its open files do not grow, and that no metric is missing.
 *
 *   deno run -A tests/soak/server.ts --minutes=60 --warm_up=30 --input=camera --output=redis
 *
 * Inputs are `camera`, `simulated`, `video` and `stream` (`inputs.ts`), outputs `redis`, `key_value`,
 * `file` and `mqtt` (`outputs.ts`). Exits with status 1 if a check fails.
 */
import { parseArgs } from "node:util";
import { anonymousBytes, treeUsage } from "../bench/process_tree.ts";
import { clock } from "../support/messages.ts";
import { startProgram } from "../support/physiology_server.ts";
import { INPUTS } from "./inputs.ts";
import { linearFit } from "./linear_fit.ts";
import { OUTPUTS } from "./outputs.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    warm_up: { type: "string", default: "30" },
    input: { type: "string", default: "camera" },
    output: { type: "string", default: "redis" },
  },
});
const warmUp = Number(values.warm_up);
const end = warmUp + Number(values.minutes);
const MAX_MB_PER_HOUR = 1;
const SAMPLE_S = 5;
/** Memory varies with garbage collection; a leak shows in the minimum of each interval. */
const INTERVAL_HOURS = 1 / 30;
/** A process that ran in fewer intervals, such as the ffmpeg of one loop of a video, has no slope. */
const MIN_INTERVALS = 5;

const [openInput, openOutput] = [INPUTS[values.input], OUTPUTS[values.output]];
if (!openInput || !openOutput) throw new Error("Unknown input or output");
const received = { core: 0, edge: 0, frames: 0, strict: 0, newest: 0, missing: 0 };

function count(topic: string, text: string): void {
  if (topic === "frame") received.frames++;
  if (topic === "edge_metrics") received.edge++;
  if (topic !== "core_metrics") return;
  const { pulse, metadata } = JSON.parse(text).payload;
  received.core++;
  if (pulse?.strict) received.strict++;
  // A metric that had to wait is replayed, and may arrive after newer ones.
  if (received.newest) received.missing += Math.max(0, metadata.sequence - received.newest) - 1;
  received.newest = Math.max(received.newest, metadata.sequence);
}

await using input = await openInput();
await using output = await openOutput(count);
await using server = startProgram([...input.args, ...output.args]);
interface Point {
  readonly hours: number;
  readonly mb: number;
}
/** Points of each process by its name and process id. */
const memory = new Map<string, Point[]>();
const files: number[] = [];
const startMs = performance.now();
const minutesNow = () => (performance.now() - startMs) / 60_000;
let reportedMinutes = 0;
while (minutesNow() < end) {
  await clock.sleep(SAMPLE_S * 1000);
  if (!server.running) break;
  const mb = treeUsage(server.pid).rssBytes / 1e6;
  const openFiles = [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
  if (minutesNow() > warmUp) {
    const hours = minutesNow() / 60;
    for (const [process, bytes] of anonymousBytes(server.pid)) {
      memory.getOrInsert(process, []).push({ hours, mb: bytes / 1e6 });
    }
    files.push(openFiles);
  }
  if (minutesNow() >= reportedMinutes) {
    const { core, frames, strict, missing } = received;
    console.log(
      `minute ${reportedMinutes}: ${mb.toFixed(1)} MB, ${openFiles} files, ${core} core metrics, ` +
        `${strict} with a pulse, ${missing} missing, ${frames} frames`,
    );
    reportedMinutes += 5;
  }
}
/** The growth of the memory in MB an hour: the line through the minimum of each interval. */
function growthOf(points: readonly Point[]) {
  const blocks = Object.groupBy(points, ({ hours }) => Math.floor(hours / INTERVAL_HOURS));
  const minima = Object.values(blocks).map((block = []) =>
    block.reduce((lowest, point) => point.mb < lowest.mb ? point : lowest)
  );
  if (minima.length < MIN_INTERVALS) return undefined;
  return linearFit(minima.map(({ hours, mb }) => [hours, mb]));
}
const { cpuMs, pssBytes } = treeUsage(server.pid);
console.log(`PSS of all processes: ${(pssBytes / 1e6).toFixed(1)} MB`);
console.log(`open files: ${Math.min(...files)} to ${Math.max(...files)}`);
const { core, frames, strict, missing } = received;
console.log(
  `CPU: ${(cpuMs / Math.max(1, received.edge)).toFixed(2)} ms per edge metric, with the start; ` +
    `${core} core metrics, ${strict} with a pulse, ${missing} missing, ${frames} frames`,
);
const growing: string[] = [];
for (const [process, points] of memory) {
  const growth = growthOf(points);
  if (!growth) continue;
  const { slope, error } = growth;
  const perHour = `${slope.toFixed(2)} ± ${error.toFixed(2)} MB an hour`;
  console.log(`${process}: ${points.at(-1)!.mb.toFixed(1)} MB, ${perHour}`);
  if (slope - 2 * error > MAX_MB_PER_HOUR) growing.push(`the memory of ${process} grows`);
}
const failures = [
  ...server.running ? [] : [`the server ended: ${server.stderr}`],
  ...growing,
  ...Math.max(...files) > Math.min(...files) ? ["open files grow or shrink"] : [],
  ...received.missing > 0 ? ["core metrics are missing"] : [],
];
for (const failure of failures) console.error(failure);
Deno.exitCode = failures.length > 0 ? 1 : 0;
