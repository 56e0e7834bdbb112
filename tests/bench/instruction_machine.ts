import { systemFiles } from "../support/bare_root.ts";
import { Subscriber } from "../support/physiology_server.ts";
import { startRedis } from "../support/redis_server.ts";
import type { ArchiveEntry } from "../vm/archive.ts";
import { EMULATORS, type MachineArch } from "../vm/emulator.ts";
import { findKernel } from "../vm/kernel.ts";
import { HOST_ADDRESS, Machine, SLOW_MS } from "../vm/machine.ts";
import { type FrameWorkload, WORKLOADS } from "./frame_workloads.ts";
import {
  type FrameCost,
  frameCost,
  parseCpuTime,
  parseSample,
  SAMPLE_PROGRAM,
} from "./guest_sample.ts";
import { parseRating } from "./seven_zip.ts";

const TOOLS = new URL("../../.tools", import.meta.url).pathname;
/** Port of the server's page in the machine. */
const PAGE_PORT = 8080;

export interface InstructionMachineOptions {
  readonly arch: MachineArch;
  /** The packed server for `arch`. */
  readonly program: string;
  /** Folder of the clips of all workloads. */
  readonly clips: string;
  /** Model of the processor. @default the one of `EMULATORS` */
  readonly cpu?: string;
}

/** Periods in which a cost is measured, one after the other. */
export interface Windows {
  readonly count: number;
  readonly seconds: number;
}

/** An emulated machine in which the instructions of programs are counted. */
export class InstructionMachine implements AsyncDisposable {
  readonly #machine: Machine;
  readonly cpu: string;

  static async boot(
    { arch, program, clips, cpu = EMULATORS[arch].cpu }: InstructionMachineOptions,
  ): Promise<InstructionMachine> {
    const foreign = arch === "arm64" && Deno.build.arch === "x86_64";
    const kernel = findKernel(`${TOOLS}/vm/kernel${arch === "arm64" ? "-arm64" : ""}`, arch);
    const files: Record<string, string | Uint8Array> = {
      ...systemFiles(arch, foreign ? `${TOOLS}/arm64/sysroot` : ""),
      "bin/physiology_server": program,
      "bin/7zr": `${TOOLS}/vm/7zip-${arch}/usr/lib/p7zip/7zr`,
      [SAMPLE_PROGRAM.path]: new TextEncoder().encode(SAMPLE_PROGRAM.text),
      ...Object.fromEntries(WORKLOADS.map(({ clip }) => [clip, `${clips}/${clip}`])),
    };
    const machine = await Machine.boot({
      kernel,
      cpu,
      modules: [],
      megabytes: 3072,
      ...foreign ? { busybox: `${kernel.folder}/bin/busybox` } : {},
      files: Object.entries(files).map(([path, source]): ArchiveEntry => ({
        path: path.startsWith("/") ? path : `/${path}`,
        kind: "file",
        source,
      })),
    });
    return new InstructionMachine(machine, cpu);
  }

  private constructor(machine: Machine, cpu: string) {
    this.#machine = machine;
    this.cpu = cpu;
  }

  /**
   * Runs the server with one subscriber, and returns the cost of a frame in each window. The first
   * window after the first pulse is left out: V8 still compiles in it.
   */
  async measure(workload: FrameWorkload, { count, seconds }: Windows): Promise<FrameCost[]> {
    await using broker = await startRedis();
    const subscriber = await Subscriber.of(broker);
    const args = [
      ...workload.args(`/${workload.clip}`),
      `--redis_host=${HOST_ADDRESS}`,
      "--redis_allow_plaintext",
      `--redis_port=${broker.port}`,
      "--redis_operation_timeout_ms=10000",
      `--http_port=${PAGE_PORT}`,
    ];
    const pid = Number(
      await this.#machine.check(
        `physiology_server ${args.join(" ")} >/tmp/server.log 2>&1 & echo $!`,
      ),
    );
    try {
      const hasPulse = ({ payload }: { payload: { pulse?: { strict?: unknown } } }) =>
        payload.pulse?.strict !== undefined;
      await subscriber.first("core_metrics", hasPulse, SLOW_MS);
      const takeSample = async () =>
        parseSample(await this.#machine.check(`${SAMPLE_PROGRAM.path} ${PAGE_PORT}`), pid);
      const costs: FrameCost[] = [];
      const pause = () => this.#machine.check(`sleep ${seconds}`);
      await pause();
      let before = await takeSample();
      for (let i = 0; i < count; i++) {
        await pause();
        const after = await takeSample();
        costs.push(frameCost(before, after));
        before = after;
      }
      return costs;
    } catch (cause) {
      const { output } = await this.#machine.run("tail -n 20 /tmp/server.log");
      throw new Error(`Cannot measure ${workload.name}: ${output}`, { cause });
    } finally {
      await this.#machine.run(`kill ${pid}; while kill -0 ${pid}; do sleep 0.1; done`);
    }
  }

  /** Runs a command and returns its instructions, with a resolution of 10⁷. */
  async instructionsOf(command: string): Promise<number> {
    const output = await this.#machine.check(`time ${command} >/dev/null`);
    return parseCpuTime(output) * 1e9;
  }

  /** Returns the rating by the benchmark of 7-zip with one thread, in its MIPS. */
  async rating(): Promise<number> {
    return parseRating(await this.#machine.check("7zr b -mmt1"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#machine[Symbol.asyncDispose]();
  }
}
