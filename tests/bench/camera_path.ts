/**
 * CPU time per camera frame of several programs, in one run: this project's camera path, alone and
 * in the server with one subscriber, ffmpeg that decodes and encodes, and a simple OpenCV script.
 * A recording replaces the camera, so that all of them read the same JPEGs.
 *
 *   deno run -A tests/bench/camera_path.ts [--seconds=20]
 */
import { encodeRecording, splitJpegs } from "../support/camera_recording.ts";
import { startProgram, Subscriber } from "../support/physiology_server.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { treeUsage } from "./process_tree.ts";

const HERE = new URL(".", import.meta.url).pathname;
const WARM_UP_S = 5;
const seconds = Number(Deno.args.find((arg) => arg.startsWith("--seconds="))?.slice(10) ?? 20);
const folder = await Deno.makeTempDir({ prefix: "bench_" });

const pause = (s: number) => new Promise((resolve) => setTimeout(resolve, s * 1000));

interface Clip {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly avi: string;
  readonly camera: string;
}

const round = (value: number) => String(Math.round(value * 100) / 100);

/** A simulated face, as an AVI file and as a camera recording of the same JPEGs. */
async function makeClip(
  { width, height, fps }: { width: number; height: number; fps: number },
): Promise<Clip> {
  const name = `${folder}/${width}_${fps}`;
  await using program = startProgram([
    "simulate",
    `--output=${name}.avi`,
    `--truth=${name}.csv`,
    `--duration=${seconds + WARM_UP_S + 10}`,
    `--capture_width_px=${width}`,
    `--capture_height_px=${height}`,
  ]);
  const { code, stderr } = await program.ended;
  if (code !== 0) throw new Error(`Cannot make the video: ${stderr}`);
  const { stdout } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-i", `${name}.avi`, "-c", "copy", "-f", "mjpeg", "-"],
  }).output();
  const frames = splitJpegs(stdout).map((bytes) => ({ bytes }));
  const recording = { fourcc: "MJPG", width, height, loop: true, frames };
  await Deno.writeFile(`${name}.camera`, encodeRecording(recording));
  return { width, height, fps, avi: `${name}.avi`, camera: `${name}.camera` };
}

const PROGRAMS: Readonly<Record<string, (clip: Clip) => Promise<string>>> = {
  "physiology_server, camera path only": measureSource,
  "physiology_server, one subscriber": measureServer,
  "ffmpeg, decode, scale and encode": measureFfmpeg,
  "OpenCV, decode, measure, encode, publish": measureOpenCv,
};

/** CPU time of a process tree per camera frame, in milliseconds, after the warm-up. */
async function cpuMsPerFrame(pid: number, { fps }: Clip): Promise<number> {
  await pause(WARM_UP_S);
  const before = treeUsage(pid).cpuMs;
  const startMs = performance.now();
  await pause(seconds);
  const elapsedS = (performance.now() - startMs) / 1000;
  return (treeUsage(pid).cpuMs - before) / (elapsedS * fps);
}

async function measureSource(clip: Clip): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${HERE}camera_reader.ts`, clip.camera, `${clip.fps}`],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const cpuMs = await cpuMsPerFrame(child.pid, clip);
  child.kill("SIGTERM");
  const { stdout } = await child.output();
  return `${round(cpuMs)}  (${new TextDecoder().decode(stdout).trim()})`;
}

async function measureServer(clip: Clip): Promise<string> {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  const page = freePort();
  await using server = startProgram([
    "--use_camera",
    `--camera_device=${clip.camera}`,
    `--max_fps=${clip.fps}`,
    `--redis_port=${broker.port}`,
    `--http_port=${page}`,
  ]);
  await subscriber.first("frame");
  const count = () =>
    (["edge_metrics", "frame"] as const).map((type) => subscriber.all(type).length);
  const before = count();
  const startMs = performance.now();
  const cpuMs = await cpuMsPerFrame(server.pid, clip);
  const elapsedS = (performance.now() - startMs) / 1000;
  const [measured, received] = count().map((after, i) => round((after - before[i]!) / elapsedS));
  const lost = await lostFrames(page);
  return `${round(cpuMs)}  (${measured} frames/s measured, ${received} frames/s received; ${lost})`;
}

/** The server's counters of frames lost between the camera and the measurement. */
async function lostFrames(page: number): Promise<string> {
  const metrics = await (await fetch(`http://127.0.0.1:${page}/metrics`)).text();
  const lines = metrics.split("\n").filter((line) => /camera_frames_lost_total\{/.test(line));
  return lines.join(", ") || "none lost";
}

async function measureFfmpeg(clip: Clip): Promise<string> {
  const child = new Deno.Command("ffmpeg", {
    // deno-fmt-ignore
    args: [
      "-v", "error", "-threads", "1", "-re", "-stream_loop", "-1", "-i", clip.avi,
      "-filter_complex", "[0:v]split[a][b];[b]scale=iw/2:ih/2[c]",
      "-map", "[a]", "-c:v", "mjpeg", "-q:v", "4", "-threads", "1", "-f", "null", "-",
      "-map", "[c]", "-f", "rawvideo", "-y", "/dev/null",
    ],
    stdin: "null",
  }).spawn();
  const cpuMs = await cpuMsPerFrame(child.pid, clip);
  child.kill("SIGKILL");
  await child.status;
  return round(cpuMs);
}

async function measureOpenCv(clip: Clip): Promise<string> {
  await using broker = await startRedis();
  await broker.client().psubscribe("opencv:*");
  const child = new Deno.Command("/usr/bin/python3", {
    args: [`${HERE}peers/opencv_vitals.py`, clip.avi, `${broker.port}`, `${clip.fps}`],
    stdin: "null",
  }).spawn();
  const cpuMs = await cpuMsPerFrame(child.pid, clip);
  child.kill("SIGKILL");
  await child.status;
  return round(cpuMs);
}

try {
  for (const [width, height] of [[640, 480], [1280, 720]] as const) {
    const clip = await makeClip({ width, height, fps: 30 });
    console.log(`\n${width}x${height} MJPEG, 30 frames/s, ${seconds} s: CPU ms per frame`);
    for (const [name, measure] of Object.entries(PROGRAMS)) {
      console.log(`  ${name.padEnd(46)}${await measure(clip)}`);
    }
  }
  const fast = await makeClip({ width: 640, height: 480, fps: 120 });
  console.log(`\n640x480 MJPEG, 120 frames/s, ${seconds} s: CPU ms per frame`);
  for (const name of ["physiology_server, camera path only", "physiology_server, one subscriber"]) {
    console.log(`  ${name.padEnd(46)}${await PROGRAMS[name]!(fast)}`);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
