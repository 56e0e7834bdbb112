/** The programs that are compared in `bench.ts`, and how one is measured. */
import { startProgram } from "../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { quantile, treeUsage } from "./process_tree.ts";

const PEERS = new URL("peers/", import.meta.url).pathname;

/** Start and compilation are not measured: V8 optimizes code for the first 20 s of a run. */
export const WARM_UP_S = 25;

/** What one program did in one run. */
export interface Measured {
  /** CPU time of its process tree per frame, with that of ended children, in milliseconds. */
  readonly cpuMs: number;
  /** Proportional set size of the tree in MB. */
  readonly pssMb: number;
  /** Time from the capture of a frame to its arrival in milliseconds; NaN without a subscriber. */
  readonly frameP50Ms: number;
  readonly frameP99Ms: number;
  /** Frames that did not arrive; NaN without a subscriber. */
  readonly lost: number;
}

/** A process whose tree is measured. */
export interface Running extends AsyncDisposable {
  readonly pid: number;
}

/** A program that publishes frames to Redis under a key prefix. */
export interface BenchProgram {
  readonly prefix: string;
  readonly start: (broker: Pick<RedisServer, "port">) => Running;
}

/** How a program is measured. */
export interface Load {
  /** Frames per second of its input. */
  readonly fps: number;
  /** Subscribers to all its messages. */
  readonly subscribers: number;
  readonly seconds: number;
  /** @default WARM_UP_S */
  readonly warmUpS?: number;
}

/** The server with flags that select its input. */
export function serverProgram(flags: readonly string[]): BenchProgram {
  return {
    prefix: "physiology",
    start: ({ port }) => startProgram([...flags, `--redis_port=${port}`, "--port=0"]),
  };
}

/** The program that a user would write, with a video that it repeats. */
export function openCvProgram(video: string, fps: number): BenchProgram {
  return {
    prefix: "opencv",
    start: ({ port }) =>
      child("/usr/bin/python3", [`${PEERS}opencv_vitals.py`, video, `${port}`, `${fps}`]),
  };
}

/** The least that any program can do, with a file of JPEGs that it repeats. */
export function cLoopProgram(
  path: string,
  { jpegs, fps }: { readonly jpegs: string; readonly fps: number },
): BenchProgram {
  return {
    prefix: "c_loop",
    start: ({ port }) => child(path, [jpegs, `${port}`, `${fps}`]),
  };
}

/** Compiles the loop in C to `path`. */
export async function compileCLoop(path: string): Promise<void> {
  const { success } = await new Deno.Command("gcc", {
    args: ["-O2", "-o", path, `${PEERS}c_loop.c`, "-lturbojpeg"],
  }).spawn().status;
  if (!success) throw new Error("Cannot compile tests/bench/peers/c_loop.c");
}

/** Runs a program with a Redis of its own, and measures it. */
export async function measure({ prefix, start }: BenchProgram, load: Load): Promise<Measured> {
  await using broker = await startRedis();
  const subscribers: FrameSubscriber[] = [];
  for (let k = 0; k < load.subscribers; k++) {
    subscribers.push(await FrameSubscriber.of(broker, prefix));
  }
  await using program = start(broker);
  await pause(load.warmUpS ?? WARM_UP_S);
  const before = treeUsage(program.pid);
  const startMs = performance.now();
  for (const subscriber of subscribers) subscriber.reset();
  await pause(load.seconds);
  const frames = load.fps * (performance.now() - startMs) / 1000;
  const after = treeUsage(program.pid);
  // The subscribers share this process, where each delays the next one: the first one is measured.
  const [{ latenciesMs } = { latenciesMs: [] }] = subscribers;
  const lost = subscribers.map((each) => Math.round(frames) - each.latenciesMs.length);
  return {
    cpuMs: (after.cpuMs - before.cpuMs) / frames,
    pssMb: after.pssBytes / 1e6,
    frameP50Ms: quantile(latenciesMs, 0.5),
    frameP99Ms: quantile(latenciesMs, 0.99),
    lost: subscribers.length > 0 ? Math.max(0, ...lost) : NaN,
  };
}

/** Subscribes to all messages of a device, and takes the latencies of its frames. */
class FrameSubscriber {
  latenciesMs: number[] = [];

  static async of(broker: RedisServer, prefix: string): Promise<FrameSubscriber> {
    const subscriber = new FrameSubscriber();
    const client = broker.client();
    client.on("pmessage", (_pattern: string, channel: string, message: string) => {
      if (!channel.endsWith(":frame")) return;
      const timestamp = /"timestamp": ?(\d+)/.exec(message.slice(0, 200))?.[1];
      const nowMs = performance.timeOrigin + performance.now();
      subscriber.latenciesMs.push(nowMs - Number(timestamp) / 1000);
    });
    await client.psubscribe(`${prefix}:*`);
    return subscriber;
  }

  reset(): void {
    this.latenciesMs = [];
  }
}

function child(path: string, args: readonly string[]): Running {
  const process = new Deno.Command(path, { args: [...args], stdin: "null" }).spawn();
  return {
    pid: process.pid,
    async [Symbol.asyncDispose]() {
      process.kill("SIGKILL");
      await process.status;
    },
  };
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
