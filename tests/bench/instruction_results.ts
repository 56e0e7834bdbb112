/** Results of `instructions.ts` in a file, and the tables of docs/PERFORMANCE.md that follow from them. */
import type { MachineArch } from "../vm/emulator.ts";
import { BOARDS, coreShare, estimateMs, type Range } from "./board_estimates.ts";
import { FPS, type FrameWorkload, WORKLOADS } from "./frame_workloads.ts";
import type { FrameCost } from "./guest_sample.ts";

/** The file with the results in docs/PERFORMANCE.md. */
export const RESULTS_FILE = new URL("instruction_results.json", import.meta.url).pathname;

type Name = FrameWorkload["name"];

export interface ArchResults {
  /** Model of the emulated processor. */
  readonly cpu: string;
  /** Cost of a frame in each window. */
  readonly costs: Readonly<Partial<Record<Name, readonly FrameCost[]>>>;
  /** Rating in MIPS of 7-zip at 10⁹ instructions per second. */
  readonly rating?: number;
}

export interface NativeResults {
  readonly processor: string;
  /** CPU time of a frame in each window, in ms. */
  readonly costs: Readonly<Partial<Record<Name, readonly number[]>>>;
  /** Rating in MIPS of 7-zip, per CPU time. */
  readonly rating: number;
}

/** What was measured so far; each run adds its part. */
export interface InstructionResults {
  readonly x64?: ArchResults;
  readonly arm64?: ArchResults;
  /** The machine that runs the emulator, without it. */
  readonly native?: NativeResults;
}

/** Reads the results of a file; there are none if it does not exist. */
export function readResults(file: string): InstructionResults {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

/** Instructions per frame: the least of the server alone, and the most of the whole machine. */
export function instructionRange(
  results: InstructionResults,
  arch: MachineArch,
  name: Name,
): Range {
  const costs = measured(results[arch]?.costs[name], `costs of ${name} on ${arch}`);
  return {
    min: Math.min(...costs.map(({ tree }) => tree)),
    max: Math.max(...costs.map(({ machine }) => machine)),
  };
}

/** Ratio of the estimate for the machine that ran the emulator to the time measured there. */
export function overestimate(results: InstructionResults, name: Name): number {
  const native = measured(results.native, "native costs");
  const ms = estimateMs({
    instructions: instructionRange(results, "x64", name),
    rating: { min: native.rating, max: native.rating },
    ratingPerBillion: measured(results.x64?.rating, "rating on x64"),
    overestimate: { min: 1, max: 1 },
  });
  return (ms.min + ms.max) / 2 / median(measured(native.costs[name], `native costs of ${name}`));
}

/** The inputs whose estimate can be checked: they were counted and measured on x64. */
function checkedWorkloads({ x64, native }: InstructionResults): readonly FrameWorkload[] {
  return WORKLOADS.filter(({ name }) => x64?.costs[name] && native?.costs[name]);
}

/** Rows of the counted instructions: input, then instructions in millions on arm64 and on x64. */
export function instructionRows(results: InstructionResults): string[][] {
  return WORKLOADS.map(({ name, description }) => [
    description,
    ...(["arm64", "x64"] as const).map((arch) => {
      if (!results[arch]?.costs[name]) return "not counted";
      const { min, max } = instructionRange(results, arch, name);
      return format({ min: min / 1e6, max: max / 1e6 }, 1);
    }),
  ]);
}

/** Rows of the check: input, estimated and measured time in ms, and their ratio. */
export function checkRows(results: InstructionResults): string[][] {
  return checkedWorkloads(results).map(({ name, description }) => {
    const costs = measured(results.native?.costs[name], `native costs of ${name}`);
    const ratio = overestimate(results, name);
    return [
      description,
      (ratio * median(costs)).toFixed(2),
      `${median(costs).toFixed(2)} (${Math.min(...costs).toFixed(2)} to ${
        Math.max(...costs).toFixed(2)
      })`,
      ratio.toFixed(2),
    ];
  });
}

/** Rows of the boards: name, processor, then time of a frame and share of a core for each input. */
export function boardRows(results: InstructionResults): string[][] {
  const ratios = checkedWorkloads(results).map(({ name }) => overestimate(results, name));
  // The upper limit is not corrected: the vector units of the boards are narrower than those of a PC.
  const correction = { min: Math.min(1, ...ratios), max: Math.max(1, ...ratios) };
  return BOARDS.map(({ name: board, processor, rating }) => [
    board,
    processor,
    ...WORKLOADS.map(({ name }) => {
      const ms = estimateMs({
        instructions: instructionRange(results, "arm64", name),
        rating,
        ratingPerBillion: measured(results.arm64?.rating, "rating on arm64"),
        overestimate: correction,
      });
      const share = coreShare(ms, { fps: FPS });
      return `${format(ms, 1)} ms, ${format({ min: share.min * 100, max: share.max * 100 }, 0)} %`;
    }),
  ]);
}

function format({ min, max }: Range, digits: number): string {
  const [low, high] = [min.toFixed(digits), max.toFixed(digits)];
  return low === high ? low : `${low} to ${high}`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle) - 1]!) / 2;
}

function measured<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`Cannot make the tables: not measured: ${what}`);
  return value;
}

if (import.meta.main) {
  const results = readResults(Deno.args[0] ?? RESULTS_FILE);
  for (const rows of [instructionRows(results), checkRows(results), boardRows(results)]) {
    console.log(rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n") + "\n");
  }
}
