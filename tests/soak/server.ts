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
import { MemoryTrend } from "./memory_trend.ts";
import { OUTPUTS } from "./outputs.ts";
import { ReceivedCounts } from "./received_counts.ts";

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
const SAMPLE_S = 5;

const [openInput, openOutput] = [INPUTS[values.input], OUTPUTS[values.output]];
if (!openInput || !openOutput) throw new Error("Unknown input or output");
const received = new ReceivedCounts();

await using input = await openInput();
await using output = await openOutput((topic, text) => received.add(topic, text));
await using server = startProgram([...input.args, ...output.args]);
const memory = new MemoryTrend();
const files: number[] = [];
const startMs = performance.now();
const minutesNow = () => (performance.now() - startMs) / 60_000;
let reportedMinutes = 0;
while (minutesNow() < end) {
  await clock.sleep(SAMPLE_S * 1000);
  if (!server.running) break;
  const mb = treeUsage(server.pid).rssBytes / 1e6;
  const anonymous = anonymousBytes(server.pid);
  const openFiles = [...Deno.readDirSync(`/proc/${server.pid}/fd`)].length;
  if (minutesNow() > warmUp) {
    const hours = minutesNow() / 60;
    for (const [process, bytes] of anonymous) memory.add(process, bytes, hours);
    files.push(openFiles);
  }
  if (minutesNow() >= reportedMinutes) {
    console.log(
      `minute ${reportedMinutes}: ${mb.toFixed(1)} MB, ${openFiles} files, ${received}; ` +
        "anonymous: " + [...anonymous].map(([process, bytes]) =>
          `${process} ${(bytes / 1e6).toFixed(1)}`
        ).join(),
    );
    reportedMinutes += 5;
  }
}
const { cpuMs, pssBytes } = treeUsage(server.pid);
console.log(`PSS of all processes: ${(pssBytes / 1e6).toFixed(1)} MB`);
console.log(`open files: ${Math.min(...files)} to ${Math.max(...files)}`);
const cpuPerMetricMs = cpuMs / Math.max(1, received.edge);
console.log(`CPU: ${cpuPerMetricMs.toFixed(2)} ms per edge metric, with the start; ${received}`);
const failures = [
  ...server.running ? [] : [`the server ended: ${server.stderr}`],
  ...memory.report(),
  ...Math.max(...files) > Math.min(...files) ? ["open files grow or shrink"] : [],
  ...received.missing > 0 ? ["core metrics are missing"] : [],
];
for (const failure of failures) console.error(failure);
Deno.exitCode = failures.length > 0 ? 1 : 0;
