import assert from "node:assert/strict";
import { inputArguments, outputArguments } from "../../../src/capture/ffmpeg/arguments.ts";
import { findFfmpeg } from "../../../src/capture/ffmpeg/executable.ts";
import { FfmpegProcess } from "../../../src/capture/ffmpeg/process.ts";
import { linearFit } from "../../soak/linear_fit.ts";

/** Frames after which the memory of ffmpeg no longer grows by its start. */
const WARM_UP_FRAMES = 2_000;
const FRAMES = 6_000;
const SAMPLE_FRAMES = 250;
/** An index costs 240 bytes for each frame of more than 64 KiB, which is 26 MB an hour at 30 fps. */
const MAX_BYTES_PER_FRAME = 100;

/** Larger than NUT's distance between syncpoints of 64 KiB, as are the images of cameras. */
const SIZE = { width: 192, height: 256 } as const;

/** Reads the frames of ffmpeg, and returns the bytes that its memory grows by for each. */
async function growth(process: FfmpegProcess): Promise<number> {
  const points: [number, number][] = [];
  let frames = 0;
  for await (const _ of process.frames()) {
    frames++;
    if (frames < WARM_UP_FRAMES || frames % SAMPLE_FRAMES > 0) continue;
    points.push([frames, anonymousBytes(process.pid)]);
    if (frames >= FRAMES) break;
  }
  assert.ok(frames >= FRAMES, `${frames} frames`);
  return linearFit(points).slope;
}

/** Memory of a process that is not a mapped file. */
function anonymousBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)![1]) * 1024;
}

Deno.test("outputArguments() make ffmpeg decode a stream in constant memory", async () => {
  const executable = await findFfmpeg();
  const graph = `lavfi:color=size=${SIZE.width}x${SIZE.height}:rate=30`;
  const color = { range: "limited", matrix: "bt601" } as const;
  const video = { index: 0, codec: "wrapped", pixelFormat: "yuv420p", color, rotation: 0, ...SIZE };
  await using process = new FfmpegProcess(executable, [
    ...["-loglevel", "error"],
    ...inputArguments(graph, { executable, live: false }),
    ...outputArguments(video, { executable, format: { kind: "yuv420", color }, transform: "none" }),
  ]);
  const bytes = await growth(process);
  assert.ok(bytes < MAX_BYTES_PER_FRAME, `${bytes.toFixed(0)} bytes per frame`);
});
