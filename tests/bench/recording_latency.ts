/**
 * Latency from the push of a recording command to the published state, while the server publishes
 * 60 frames/s.
 *
 *   deno run -A tests/bench/recording_latency.ts [commands]
 */
import { Program } from "../support/program.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const count = Number(Deno.args[0] ?? 300);

await using server = await startRedis();
await using _serve = new Program(Deno.execPath(), [
  "run",
  "-A",
  "-q",
  MAIN,
  "serve",
  "--simulate",
  "--max_fps=60",
  "--capture_width_px=320",
  "--capture_height_px=240",
  "--frame_publish=always",
  "--redis_host=127.0.0.1",
  `--redis_port=${server.port}`,
  `--port=${freePort()}`,
]);
const subscriber = server.client();
const producer = server.client();
let frames = 0;
let arrived: (() => void) | undefined;
subscriber.on("messageBuffer", (channel: Buffer) => {
  if (channel.toString().endsWith(":frame")) frames++;
  else arrived?.();
});
await subscriber.subscribe("physiology:frame", "physiology:recording_state");
await waitFor("frames", () => frames > 30, { timeoutMs: 60_000 });

const times: number[] = [];
const began = performance.now();
const framesBefore = frames;
for (let index = 0; index < count; index++) {
  const { promise, resolve } = Promise.withResolvers<void>();
  arrived = resolve;
  const pushed = performance.now();
  const command = JSON.stringify({ recording: index % 2 === 0 });
  await producer.lpush("physiology:command_queue", command);
  await promise;
  times.push(performance.now() - pushed);
  await new Promise((resolve) => setTimeout(resolve, 20 + 30 * Math.random()));
}
const seconds = (performance.now() - began) / 1000;
times.sort((a, b) => a - b);
const at = (share: number) => times[Math.min(count - 1, Math.floor(share * count))]!.toFixed(1);
console.log(
  `${count} commands, ${((frames - framesBefore) / seconds).toFixed(0)} frames/s: ` +
    `median ${at(0.5)} ms, p99 ${at(0.99)} ms, maximum ${at(1)} ms`,
);
