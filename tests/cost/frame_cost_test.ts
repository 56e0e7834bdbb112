/**
 * The cost of a frame relative to the least that any program can do for it, which the speed of the
 * machine does not change. `deno task bench` has the whole comparison.
 */
import assert from "node:assert/strict";
import {
  cLoopProgram,
  compileCLoop,
  type Load,
  measure,
  serverProgram,
} from "../bench/bench_programs.ts";
import { FPS, WORKLOADS, writeMjpegClips } from "../bench/frame_workloads.ts";
import { temporaryFolder } from "../support/folders.ts";

/** CPU time of the server over that of the loop in C: the largest of three measurements. */
const RATIO = 3.8;
/** Largest growth that passes. */
const TOLERANCE = 1.2;
/** Other work on the machine makes a measurement too high, never too low. */
const ATTEMPTS = 5;

const LOAD: Load = { fps: FPS, subscribers: 1, seconds: 10 };

Deno.test("a frame of the MJPEG camera costs as little as it did, relative to a loop in C", async () => {
  using folder = temporaryFolder();
  await writeMjpegClips(folder.path);
  const path = `${folder.path}/c_loop`;
  await compileCLoop(path);
  const server = serverProgram(WORKLOADS[0]!.args(`${folder.path}/mjpeg.camera`));
  const cLoop = cLoopProgram(path, { jpegs: `${folder.path}/clip.mjpeg`, fps: FPS });
  const ratios: number[] = [];
  while (ratios.length < ATTEMPTS && !ratios.some((ratio) => ratio <= TOLERANCE * RATIO)) {
    const { cpuMs } = await measure(server, LOAD);
    const least = await measure(cLoop, { ...LOAD, warmUpS: 2 });
    ratios.push(cpuMs / least.cpuMs);
  }
  const best = Math.min(...ratios);
  console.log(`server / loop in C: ${ratios.map((ratio) => ratio.toFixed(2)).join(", ")}`);
  assert.ok(best <= TOLERANCE * RATIO, `the ratio is ${best.toFixed(2)}`);
});
