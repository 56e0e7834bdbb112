import { startProgram, Subscriber } from "../support/physiology_server.ts";
import { freePort, startRedis } from "../support/redis_server.ts";
import { waitFor } from "../support/wait.ts";
import { FPS, type FrameWorkload } from "./frame_workloads.ts";
import type { Windows } from "./instruction_machine.ts";
import { treeUsage } from "./process_tree.ts";
import { parseRating } from "./seven_zip.ts";

const SEVEN_ZIP = new URL("../../.tools/vm/7zip-x64/usr/lib/p7zip/7zr", import.meta.url).pathname;

export interface NativeOptions {
  /** The packed server. */
  readonly program: string;
  readonly workload: FrameWorkload;
  /** Folder of the clips. */
  readonly clips: string;
  readonly windows: Windows;
}

/**
 * Runs the server on this machine with one subscriber, and returns the CPU time of a frame in each
 * window, in ms. The first window after the first pulse is left out: V8 still compiles in it.
 */
export async function measureNative(
  { program, workload, clips, windows }: NativeOptions,
): Promise<number[]> {
  await using broker = await startRedis();
  const subscriber = await Subscriber.of(broker);
  const page = freePort();
  await using server = startProgram([
    ...workload.args(`${clips}/${workload.clip}`),
    `--redis_port=${broker.port}`,
    `--http_port=${page}`,
  ], { program });
  await subscriber.first(
    "core_metrics",
    ({ payload }) => payload.pulse?.strict !== undefined,
    60_000,
  );
  const nextWindow = async () => {
    const end = subscriber.all("edge_metrics").length + windows.seconds * FPS;
    await waitFor(
      "the metrics of the frames of a window",
      () => subscriber.all("edge_metrics").length >= end,
      { timeoutMs: windows.seconds * 3000, pollMs: 100 },
    );
    return await usageOf(server.pid, page);
  };
  const costs: number[] = [];
  let before = await nextWindow();
  for (let i = 0; i < windows.count; i++) {
    const after = await nextWindow();
    costs.push((after.cpuMs - before.cpuMs) / (after.frames - before.frames));
    before = after;
  }
  return costs;
}

async function usageOf(pid: number, page: number) {
  const metrics = await (await fetch(`http://127.0.0.1:${page}/metrics`)).text();
  const frames = Number(/_frames_captured_total(?:{[^}]*})? (\d+)/.exec(metrics)?.[1]);
  return { frames, cpuMs: treeUsage(pid).cpuMs };
}

/** The rating of this machine by the benchmark of 7-zip with one thread, in its MIPS. */
export async function nativeRating(): Promise<number> {
  const { stdout } = await new Deno.Command(SEVEN_ZIP, { args: ["b", "-mmt1"] }).output();
  return parseRating(new TextDecoder().decode(stdout));
}

/** Instructions of a program on this machine in user mode, counted by callgrind of Valgrind. */
export async function callgrindInstructions(program: string, args: readonly string[]) {
  const { success, stderr } = await new Deno.Command("valgrind", {
    args: ["--tool=callgrind", "--callgrind-out-file=/dev/null", program, ...args],
    stdin: "null",
    stdout: "null",
  }).output();
  const report = new TextDecoder().decode(stderr);
  const count = /Collected : (\d+)/.exec(report)?.[1];
  if (!success || count === undefined) throw new Error(`Cannot count by callgrind: ${report}`);
  return Number(count);
}

/** The name that Linux reports for the processor of this machine. */
export function processorName(): string {
  const info = Deno.readTextFileSync("/proc/cpuinfo");
  return /^model name\s*: (.*)$/m.exec(info)?.[1] ?? Deno.build.arch;
}
