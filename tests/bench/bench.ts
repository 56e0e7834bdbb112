/**
 * CPU time per frame, memory and latency of the server and of its peers in one run, at 30 frames per
 * second of 640x480 and, where it is named, 1280x720:
 *
 *   deno task bench [--seconds=20] [--runs=5] [--only=mjpeg] [--json=FILE]
 *
 * The peers do the same work for the same frames: a program that a user would write with OpenCV, and
 * the least that any program can do, in C. Each round runs every program once; the table has medians.
 */
import { parseArgs } from "node:util";
import { temporaryFolder } from "../support/folders.ts";
import { prepareCases } from "./bench_cases.ts";
import type { Measured } from "./bench_programs.ts";
import { FPS } from "./frame_workloads.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    runs: { type: "string", default: "5" },
    only: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const rounds = Number(values.runs);

using folder = temporaryFolder();
const cases = await prepareCases(folder.path, Number(values.seconds));
const results = new Map<string, Measured[]>();
for (let round = 1; round <= rounds; round++) {
  for (const { name, measure } of cases) {
    if (!name.includes(values.only)) continue;
    const measured = await measure();
    results.set(name, [...results.get(name) ?? [], measured]);
    console.error(`round ${round}: ${name}: ${measured.cpuMs.toFixed(2)} ms`);
  }
}

const COLUMNS: readonly [string, keyof Measured, number][] = [
  ["CPU ms", "cpuMs", 2],
  ["PSS MB", "pssMb", 0],
  ["p50 ms", "frameP50Ms", 1],
  ["p99 ms", "frameP99Ms", 1],
  ["lost", "lost", 0],
];
const median = (name: string, key: keyof Measured) => {
  const sorted = results.get(name)!.map((each) => each[key]).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
};
/** The time of a program relative to a peer that has the same clip, if it ran. */
const ratioTo = (name: string, peer: string) => {
  const [clip] = name.split(",");
  const other = `${clip}, ${peer}`;
  return results.has(other) ? (median(name, "cpuMs") / median(other, "cpuMs")).toFixed(2) : "";
};
const head = [...COLUMNS.map(([title]) => title), "to C", "to OpenCV"];
console.log(`${FPS} frames/s, medians of ${rounds} rounds of ${values.seconds} s`);
console.log(" ".repeat(36) + head.map((title) => title.padStart(10)).join(""));
for (const name of results.keys()) {
  const cells = COLUMNS.map(([, key, digits]) => median(name, key).toFixed(digits));
  const ratios = [ratioTo(name, "C loop"), ratioTo(name, "OpenCV")];
  console.log(name.padEnd(36) + [...cells, ...ratios].map((cell) => cell.padStart(10)).join(""));
}
if (values.json) {
  Deno.writeTextFileSync(values.json, JSON.stringify(Object.fromEntries(results), null, 1));
}
