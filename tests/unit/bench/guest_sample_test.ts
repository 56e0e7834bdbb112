import assert from "node:assert/strict";
import { frameCost, parseCpuTime, parseSample } from "../../bench/guest_sample.ts";

/** A line of /proc/PID/stat with the fields that are read. */
const stat = (pid: number, name: string, parent: number, ticks: readonly number[]) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 0 0 0 0 0 ${ticks.join(" ")} 20 0 1 0 1`;

const OUTPUT = [
  "100.50 60.25",
  stat(1, "sh", 0, [900, 900, 0, 0]),
  stat(70, "deno", 1, [40, 10, 5, 2]),
  stat(71, "a (b) c", 70, [20, 3, 0, 0]),
  stat(72, "ffmpeg", 71, [7, 0, 0, 0]),
  stat(80, "wget", 1, [50, 0, 0, 0]),
  'physiology_frames_captured_total{device="camera 0"} 300',
].join("\n");

Deno.test("parseSample() adds up the server and its descendants only", () => {
  assert.deepEqual(parseSample(OUTPUT, 70), {
    upNs: 100.5e9,
    busyNs: 40.25e9,
    treeNs: (57 + 23 + 7) * 1e7,
    frames: 300,
  });
  assert.equal(parseSample(OUTPUT, 71).treeNs, 30 * 1e7);
});

Deno.test("parseSample() rejects an output without the server or its frames", () => {
  assert.throws(() => parseSample(OUTPUT, 99), /Cannot read a sample/);
  assert.throws(() => parseSample(OUTPUT.replace(/\n.*$/, ""), 70), /Cannot read a sample/);
});

Deno.test("frameCost() divides the instructions between two samples by the frames", () => {
  const before = { upNs: 10e9, busyNs: 4e9, treeNs: 3e9, frames: 100 };
  const after = { upNs: 20e9, busyNs: 9e9, treeNs: 7e9, frames: 350 };
  assert.deepEqual(frameCost(before, after), { tree: 16e6, machine: 20e6, fps: 25 });
  assert.throws(() => frameCost(before, before), RangeError);
});

Deno.test("parseCpuTime() adds up user mode and the kernel", () => {
  assert.equal(parseCpuTime("real\t0m 9.00s\nuser\t1m 2.50s\nsys\t0m 0.25s\n"), 62.75);
  assert.throws(() => parseCpuTime("real\t0m 9.00s\n"), /Cannot find the CPU time/);
});
