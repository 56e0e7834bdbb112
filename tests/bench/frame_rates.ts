/**
 * Frames that arrive at an independent subscriber (redis-py) at 30, 60 and 120 frames per second,
 * with the CPU time of the server per frame:
 *
 *   deno run -A tests/bench/frame_rates.ts [--seconds=20] [--input=simulated,camera] [--fps=60,120]
 *
 * The inputs are the simulated camera, whose frames are compressed, and a camera that repeats a
 * recording of it in MJPEG, whose frames are published unchanged. Exits with status 1 if a frame
 * did not arrive.
 */
import { parseArgs } from "node:util";
import { portraitJpegs, recordingFile } from "../support/camera_recording.ts";
import { startProgram } from "../support/physiology_server.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { treeUsage } from "./process_tree.ts";

const COUNTER = new URL("frame_counter.py", import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    input: { type: "string", default: "simulated,camera" },
    fps: { type: "string", default: "30,60,120" },
  },
});
const seconds = Number(values.seconds);

/** CPU time of the server so far, the frames that it captured, and those that it reports as lost. */
async function usageOf(pid: number, page: number) {
  const metrics = await (await fetch(`http://127.0.0.1:${page}/metrics`)).text();
  const { cpuMs, pssBytes } = treeUsage(pid);
  const lost = metrics.split("\n").filter((line) => /(lost|dropped)_total\{.* [1-9]/.test(line))
    .map((line) => line.replace(/^physiology_/, "")).join(", ");
  const captured = Number(/frames_captured_total(?:{[^}]*})? (\d+)/.exec(metrics)?.[1] ?? 0);
  return { cpuMs, pssBytes, captured, lost };
}

/** Measures one input at one frame rate; returns true if every frame arrived. */
async function measure(name: string, args: readonly string[], fps: number): Promise<boolean> {
  await using broker = await startRedis();
  const page = freePort();
  const counter = new Deno.Command("/usr/bin/python3", {
    args: [COUNTER, `${broker.port}`, `${seconds}`],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  await using server = startProgram([
    ...args,
    `--max_fps=${fps}`,
    `--redis_port=${broker.port}`,
    `--http_port=${page}`,
  ]);
  const output = counter.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await output.read(); // "begin"
  const before = await usageOf(server.pid, page);
  let report = "";
  for (let read = await output.read(); !read.done; read = await output.read()) report += read.value;
  const after = await usageOf(server.pid, page);
  const counted = JSON.parse(report.slice(report.indexOf("{")));
  const lost = Math.round(counted.seconds * fps) - counted.frames;
  const cpuMs = (after.cpuMs - before.cpuMs) / (after.captured - before.captured);
  await counter.status;
  console.log(
    `${name} ${fps} fps: ${counted.frames} frames in ${counted.seconds.toFixed(1)} s, ` +
      `${lost} lost in ${counted.gaps} gaps, ${cpuMs.toFixed(2)} CPU ms per captured frame, ` +
      `${(after.pssBytes / 1e6).toFixed(0)} MB; ${after.lost || "no loss reported"}`,
  );
  return counted.frames > 0 && lost === 0;
}

const rates = values.fps.split(",").map(Number);
for (const input of values.input.split(",")) {
  for (const fps of rates) {
    let complete: boolean;
    if (input === "simulated") complete = await measure(input, ["--simulate"], fps);
    else {
      const frames = (await portraitJpegs({ seconds: 10, fps })).map((bytes) => ({ bytes }));
      const recording = { fourcc: "MJPG", width: 640, height: 480, loop: true, frames };
      await using camera = await recordingFile(recording);
      complete = await measure(input, ["--use_camera", `--camera_device=${camera.path}`], fps);
    }
    if (!complete) Deno.exitCode = 1;
  }
}
