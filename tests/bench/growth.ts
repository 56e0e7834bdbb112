/**
 * How the cost of the server grows with the frame rate, the size of the pictures and the number of
 * subscribers, for the MJPEG camera. Each is changed alone, from 640x480 at 30 frames per second with
 * one subscriber.
 *
 *   deno run -A tests/bench/growth.ts [--seconds=15] [--json=tests/bench/growth_results.json]
 */
import { parseArgs } from "node:util";
import { temporaryFolder } from "../support/folders.ts";
import { measure, serverProgram } from "./bench_programs.ts";
import { writeMjpegClips } from "./frame_workloads.ts";
import type { GrowthPoint } from "./growth_results.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "15" }, json: { type: "string" } },
});

const BASE = { width: 640, height: 480, fps: 30, subscribers: 1 } as const;
const RATES = [15, 30, 60, 120];
const SUBSCRIBERS = [0, 1, 5, 20];
const SIZES = [[320, 240], [640, 480], [1280, 720], [1920, 1080]] as const;
const points = [
  ...RATES.map((fps) => ({ ...BASE, varied: "fps" as const, fps })),
  ...SIZES.map(([width, height]) => ({ ...BASE, varied: "size" as const, width, height })),
  ...SUBSCRIBERS.map((subscribers) => ({ ...BASE, varied: "subscribers" as const, subscribers })),
];

using folder = temporaryFolder();
const results: GrowthPoint[] = [];
for (const point of points) {
  const { width, height, fps, subscribers } = point;
  const clips = `${folder.path}/${width}x${height}`;
  const exists = results.some((other) => other.width === width);
  if (!exists) {
    await Deno.mkdir(clips);
    await writeMjpegClips(clips, { width, height });
  }
  const program = serverProgram([
    "--use_camera",
    `--camera_device=${clips}/mjpeg.camera`,
    `--max_fps=${fps}`,
  ]);
  const load = { fps, subscribers, seconds: Number(values.seconds) };
  const measured = await measure(program, load);
  results.push({ ...point, ...measured });
  console.error(JSON.stringify(results.at(-1)));
}
if (values.json) Deno.writeTextFileSync(values.json, JSON.stringify(results, null, 2) + "\n");
