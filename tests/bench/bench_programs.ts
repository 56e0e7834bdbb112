/** The programs that `bench.ts` measures, and how. */
import { startProgram } from "../support/physiology_server.ts";
import { type RedisServer, startRedis } from "../support/redis_server.ts";
import { FPS, WORKLOADS } from "./frame_workloads.ts";
import { quantile, treeUsage } from "./process_tree.ts";

const PEERS = new URL("peers/", import.meta.url).pathname;
/** Start and compilation are not measured: V8 optimizes code for the first 20 s of a run. */
const WARM_UP_S = 25;

/** What one program did in one round. */
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
interface Running extends AsyncDisposable {
  readonly pid: number;
}

/** The server with each clip, and its peers with those that they can read. */
export class BenchPrograms {
  readonly #folder: string;
  readonly #seconds: number;

  private constructor(folder: string, seconds: number) {
    this.#folder = folder;
    this.#seconds = seconds;
  }

  /** Compiles the peer in C into the folder of the clips. */
  static async build(folder: string, seconds: number): Promise<BenchPrograms> {
    const { success } = await new Deno.Command("gcc", {
      args: ["-O2", "-o", `${folder}/c_loop`, `${PEERS}c_loop.c`, "-lturbojpeg"],
    }).spawn().status;
    if (!success) throw new Error("Cannot compile tests/bench/peers/c_loop.c");
    return new BenchPrograms(folder, seconds);
  }

  /** Each program by the name of its clip and its own. */
  get all(): ReadonlyMap<string, () => Promise<Measured>> {
    const clip = (name: string) => `${this.#folder}/${name}`;
    const programs = new Map<string, () => Promise<Measured>>();
    for (const { name, clip: file, args } of WORKLOADS) {
      const start = (broker: RedisServer) => this.#server(broker, args(clip(file)));
      programs.set(`${name}, server`, () => this.#measure("physiology", start));
      if (name !== "mjpeg") continue;
      programs.set(`${name}, server without subscriber`, () => this.#measure(undefined, start));
    }
    programs.set(
      "mjpeg, OpenCV",
      () => this.#measure("opencv", ({ port }) => this.#opencv(clip("clip.mjpeg"), port)),
    );
    programs.set(
      "h264, OpenCV",
      () => this.#measure("opencv", ({ port }) => this.#opencv(clip("clip.mp4"), port)),
    );
    programs.set("mjpeg, C loop", () =>
      this.#measure(
        "c_loop",
        ({ port }) => child(clip("c_loop"), [clip("clip.mjpeg"), `${port}`, `${FPS}`]),
      ));
    return programs;
  }

  #server({ port }: RedisServer, args: readonly string[]): Running {
    return startProgram([...args, `--redis_port=${port}`, "--port=0"]);
  }

  #opencv(video: string, port: number): Running {
    return child("/usr/bin/python3", [`${PEERS}opencv_vitals.py`, video, `${port}`, `${FPS}`]);
  }

  /** @param prefix key prefix of the subscriber's channels; undefined: no subscriber. */
  async #measure(
    prefix: string | undefined,
    start: (broker: RedisServer) => Running,
  ): Promise<Measured> {
    await using broker = await startRedis();
    const subscriber = prefix === undefined ? undefined : await FrameSubscriber.of(broker, prefix);
    await using program = start(broker);
    await pause(WARM_UP_S);
    const before = treeUsage(program.pid);
    const startMs = performance.now();
    subscriber?.reset();
    await pause(this.#seconds);
    const frames = FPS * (performance.now() - startMs) / 1000;
    const after = treeUsage(program.pid);
    const latencies = subscriber?.latenciesMs ?? [];
    return {
      cpuMs: (after.cpuMs - before.cpuMs) / frames,
      pssMb: after.pssBytes / 1e6,
      frameP50Ms: quantile(latencies, 0.5),
      frameP99Ms: quantile(latencies, 0.99),
      lost: subscriber ? Math.max(0, Math.round(frames) - latencies.length) : NaN,
    };
  }
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
