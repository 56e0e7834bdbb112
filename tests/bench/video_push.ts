/**
 * Latency of pushed video from the capture of a frame to its arrival at an RTSP server, the evenness
 * of its RTP timestamps, and the CPU time per frame with the push and without, in turns:
 *
 *   deno run -A tests/bench/video_push.ts [--seconds=20] [--rounds=3] [--codec=mjpeg|h264]
 *
 * The input is a camera that repeats a test pattern in MJPEG, 640x480 at 30 frames a second; Redis has
 * a subscriber to the frames in both cases. The CPU time includes ffmpeg's.
 */
import { parseArgs } from "node:util";
import { median } from "../../src/base/statistics.ts";
import { patternJpegs, recordingFile } from "../support/camera_recording.ts";
import { startProgram } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import { startRtspServer } from "../support/rtsp_server.ts";
import { hashOf } from "../support/video_push.ts";
import { waitFor } from "../support/wait.ts";
import { quantile, treeUsage } from "./process_tree.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "20" },
    rounds: { type: "string", default: "3" },
    codec: { type: "string", default: "mjpeg" },
  },
});
const seconds = Number(values.seconds);
const codec = values.codec as "mjpeg" | "h264";
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await using camera = await recordingFile({
  fourcc: "MJPG",
  width: 640,
  height: 480,
  loop: true,
  frames: (await patternJpegs({
    count: 300,
    pixelFormat: "yuvj420p",
    huffman: "default",
    quantizers: 2,
  })).map((bytes) => ({ bytes })),
});

/** Latencies in milliseconds, and differences of RTP times from the capture times in microseconds. */
const latencies: number[] = [];
const deviations: number[] = [];
let received = 0;

/** CPU time of the server per frame, in milliseconds. */
async function measure(withPush: boolean): Promise<number> {
  await using redis = await startRedis();
  await using server = await startRtspServer({ codec });
  const subscriber = redis.client();
  const captured = new Map<string, number>();
  let frames = 0;
  subscriber.on("message", (_channel: string, text: string) => {
    frames++;
    const { timestamp, payload } = JSON.parse(text);
    if (withPush) {
      captured.set(`${hashOf(Uint8Array.fromBase64(payload.data))} ${frames}`, timestamp);
    }
  });
  await subscriber.subscribe("physiology:frame");
  await using program = startProgram([
    "--use_camera",
    `--camera_device=${camera.path}`,
    `--redis_port=${redis.port}`,
    ...withPush ? [`--video_push_url=${server.url}`, `--video_push_codec=${codec}`] : [],
  ]);
  await waitFor("frames", () => frames > 60, { timeoutMs: 60_000 });
  await sleep(8000); // code is compiled and pools are full
  const [before, framesBefore] = [treeUsage(program.pid).cpuMs, frames];
  const fromS = Date.now() / 1000;
  await sleep(seconds * 1000);
  const cost = (treeUsage(program.pid).cpuMs - before) / (frames - framesBefore);
  // The frames of H.264 have no JPEG to compare.
  if (withPush && codec === "mjpeg") {
    const times = Map.groupBy(captured, ([key]) => key.split(" ")[0]!);
    const pairs = server.received.filter(({ arrival }) => arrival > fromS).flatMap((frame) => {
      // The pattern repeats after 10 s.
      const capturedUs = (times.get(frame.hash) ?? []).map(([, us]) => us)
        .findLast((us) => us / 1e6 < frame.arrival);
      return capturedUs === undefined ? [] : [{ ...frame, capturedUs }];
    });
    received += pairs.length;
    latencies.push(...pairs.map(({ arrival, capturedUs }) => arrival * 1000 - capturedUs / 1000));
    for (const [i, { rtp, capturedUs }] of pairs.entries()) {
      const last = pairs[i - 1];
      if (last) deviations.push(((rtp - last.rtp) >>> 0) / 0.09 - (capturedUs - last.capturedUs));
    }
  }
  return cost;
}

const costs = { without: [] as number[], with: [] as number[] };
for (let round = 0; round < Number(values.rounds); round++) {
  costs.without.push(await measure(false));
  costs.with.push(await measure(true));
}
const list = (each: readonly number[]) => each.map((value) => value.toFixed(2)).join(", ");
console.log(`without: ${median(costs.without).toFixed(2)} ms CPU a frame (${list(costs.without)})`);
console.log(`with: ${median(costs.with).toFixed(2)} ms CPU a frame (${list(costs.with)})`);
if (latencies.length > 0) {
  const [p50, p95] = [0.5, 0.95].map((q) => quantile(latencies, q).toFixed(1));
  console.log(`${received} frames arrived; latency: median ${p50} ms, 95 % within ${p95} ms`);
  const deviation = quantile(deviations.map(Math.abs), 0.99).toFixed(0);
  console.log(`intervals of RTP differ from those of the capture by ${deviation} us (99 %)`);
}
