/**
 * Instructions per frame of the packed server, on x64 and on arm64, each in an emulated machine whose
 * clock counts instructions; one subscriber on this machine receives all frames. docs/PERFORMANCE.md
 * describes the method and has its results. `scripts/bench_instructions` installs what it needs and
 * starts it:
 *
 *   scripts/bench_instructions [--arch=x64,arm64] [--workload=mjpeg,yuyv,h264] [--windows=4]
 *     [--seconds=10] [--cpu=MODEL] [--rating] [--native] [--callgrind] [--program=FOLDER]
 *     [--output=FILE]
 *
 * `--rating` also runs the benchmark of 7-zip there, `--native` the x64 programs on this machine
 * without an emulator. `--callgrind` compares the count of one program on x64 with that of Valgrind.
 * `--program` is a folder of executables from `deno task compile`. `--output` adds the results to a
 * file, from which `instruction_results.ts FILE` makes the tables.
 */
import { parseArgs } from "node:util";
import { TemporaryFolder } from "../support/clips.ts";
import { packedProgram } from "../support/packed_program.ts";
import type { MachineArch } from "../vm/emulator.ts";
import { WORKLOADS, writeClips } from "./frame_workloads.ts";
import { InstructionMachine } from "./instruction_machine.ts";
import { type ArchResults, type InstructionResults, readResults } from "./instruction_results.ts";
import {
  callgrindInstructions,
  measureNative,
  nativeRating,
  processorName,
} from "./native_cost.ts";

const { values } = parseArgs({
  options: {
    arch: { type: "string", default: "x64,arm64" },
    workload: { type: "string", default: WORKLOADS.map(({ name }) => name).join(",") },
    windows: { type: "string", default: "4" },
    seconds: { type: "string", default: "10" },
    cpu: { type: "string" },
    rating: { type: "boolean", default: false },
    native: { type: "boolean", default: false },
    callgrind: { type: "boolean", default: false },
    program: { type: "string" },
    output: { type: "string" },
  },
});
const windows = { count: Number(values.windows), seconds: Number(values.seconds) };
const workloads = WORKLOADS.filter(({ name }) => values.workload.split(",").includes(name));

using folder = new TemporaryFolder();
await writeClips(folder.path);

for (const arch of values.arch.split(",").filter(Boolean) as MachineArch[]) {
  save({ [arch]: await measureEmulated(arch) });
}
if (values.native) save({ native: await measureThisMachine() });

function programOf(arch: MachineArch): Promise<string> | string {
  return values.program
    ? `${values.program}/physiology_server-linux-${arch}`
    : packedProgram(folder.file(arch), arch);
}

async function measureEmulated(arch: MachineArch): Promise<ArchResults> {
  await using machine = await InstructionMachine.boot({
    arch,
    program: await programOf(arch),
    clips: folder.path,
    ...values.cpu ? { cpu: values.cpu } : {},
  });
  console.log(`\n${arch}, ${machine.cpu}: million instructions per frame`);
  const costs: { -readonly [Name in keyof ArchResults["costs"]]: ArchResults["costs"][Name] } = {};
  for (const workload of workloads) {
    costs[workload.name] = await machine.measure(workload, windows);
    for (const { tree, machine: all, fps } of costs[workload.name]!) {
      console.log(
        `  ${workload.name.padEnd(6)} server ${millions(tree)}, machine ${millions(all)}, ` +
          `${fps.toFixed(2)} frames/s`,
      );
    }
  }
  if (values.callgrind && arch === "x64") {
    const clip = WORKLOADS[0]!.clip;
    const counted = await machine.instructionsOf(`busybox bzip2 -c /${clip}`);
    const args = ["bzip2", "-c", folder.file(clip)];
    const expected = await callgrindInstructions("/bin/busybox", args);
    console.log(`  bzip2: ${millions(counted)}, by callgrind ${millions(expected)}`);
  }
  if (!values.rating) return { cpu: machine.cpu, costs };
  const rating = await machine.rating();
  console.log(`  7-zip: ${rating} MIPS at 1000 million instructions/s`);
  return { cpu: machine.cpu, costs, rating };
}

async function measureThisMachine() {
  console.log("\nThis machine: CPU ms per frame");
  const program = await programOf("x64");
  const costs: Record<string, number[]> = {};
  for (const workload of workloads) {
    const each = await measureNative({ program, workload, clips: folder.path, windows });
    console.log(`  ${workload.name.padEnd(6)} ${each.map((ms) => ms.toFixed(2)).join(", ")}`);
    costs[workload.name] = each;
  }
  const rating = await nativeRating();
  console.log(`  7-zip: ${rating} MIPS`);
  return { processor: processorName(), costs, rating };
}

/** Adds results to the file of `--output`; costs of other inputs stay. */
function save(results: InstructionResults): void {
  if (values.output === undefined) return;
  const old = readResults(values.output);
  const all: Record<string, unknown> = { ...old };
  for (const [key, each] of Object.entries(results)) {
    const before = old[key as keyof InstructionResults];
    all[key] = { ...before, ...each, costs: { ...before?.costs, ...each.costs } };
  }
  Deno.writeTextFileSync(values.output, JSON.stringify(all, null, 2) + "\n");
}

function millions(instructions: number): string {
  return (instructions / 1e6).toFixed(2).padStart(5);
}
