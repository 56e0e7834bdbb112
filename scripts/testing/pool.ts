import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { entryOf, type Group, groupsOf } from "./groups.ts";
import { TEST_COMMAND } from "./modules.ts";
import { RandomPauses } from "./pauses.ts";
import { resultsIn, type TestResults } from "./results.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const DURATIONS = `${ROOT}.tools/test_seconds.json`;

/** The result of a module, or of several that ran in one process. */
export interface ModuleRun extends TestResults {
  /** See `Group.name`. */
  readonly name: string;
  readonly seconds: number;
  /** What the process printed, on both streams. */
  readonly output: string;
}

export interface PoolOptions {
  /** Number of processes that run at once. */
  readonly jobs: number;
  /**
   * Modules with the same key share a process: the environment, the working folder, the open files and
   * the heap. Without a key, a module has a process of its own. @default no module has one
   */
  readonly keyOf?: (path: string) => string | undefined;
  /** Further options of `deno test` for modules that share a process. */
  readonly options?: (paths: readonly string[]) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Time after which a process is killed and fails, in seconds. @default 600 */
  readonly timeoutS?: number;
  /** Whether each process is paused at random. @default false */
  readonly pauses?: boolean;
  /** Ends the modules that run, without their results, and starts no other. */
  readonly signal?: AbortSignal;
  readonly onEnd?: (run: ModuleRun) => void;
  /** File that keeps the duration of each process. @default .tools/test_seconds.json */
  readonly durations?: string;
}

/** Runs modules in processes. Those that took longest the last time start first. */
export async function runModules(
  paths: readonly string[],
  pool: PoolOptions,
): Promise<readonly ModuleRun[]> {
  const { jobs, keyOf = () => undefined, onEnd, signal, durations = DURATIONS } = pool;
  const seconds = lastDurations(durations);
  // A new module may be a long one.
  const duration = ({ name }: Group) => seconds[name] ?? Infinity;
  const queue = groupsOf(paths, keyOf)
    .toSorted((a, b) => duration(a) < duration(b) ? 1 : -1);
  const runs: ModuleRun[] = [];
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (let group = queue.shift(); group !== undefined; group = queue.shift()) {
      const run = await runGroup(group, pool);
      if (signal?.aborted) return;
      runs.push(run);
      onEnd?.(run);
    }
  }));
  const latest = Object.fromEntries(runs.map((run) => [run.name, Number(run.seconds.toFixed(2))]));
  const kept = Object.entries({ ...seconds, ...latest })
    .filter(([name]) => existsSync(resolve(ROOT, name.replace(/ and \d+ more$/, ""))));
  Deno.mkdirSync(dirname(durations), { recursive: true });
  Deno.writeTextFileSync(durations, JSON.stringify(Object.fromEntries(kept), null, 1));
  return runs;
}

async function runGroup(
  group: Group,
  { options = () => [], env = {}, timeoutS = 600, pauses = false, signal }: PoolOptions,
): Promise<ModuleRun> {
  const { name } = group;
  using entry = entryOf(group);
  const started = performance.now();
  const [program, ...args] = TEST_COMMAND;
  // Not AbortSignal.timeout(), whose timer would outlive the process, and not AbortSignal.any(),
  // which leaks with a signal that outlives the process.
  const killer = new AbortController();
  const kill = () => killer.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill();
  }, 1000 * timeoutS);
  signal?.addEventListener("abort", kill);
  if (signal?.aborted) kill();
  const process = new Deno.Command(program, {
    args: [...args, ...options(group.paths), entry.path],
    cwd: ROOT,
    env: { ...env },
    stdout: "piped",
    stderr: "piped",
    signal: killer.signal,
  }).spawn();
  using _pauses = pauses ? new RandomPauses(process) : undefined;
  const { success, stdout, stderr } = await process.output();
  clearTimeout(timer);
  signal?.removeEventListener("abort", kill);
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const results = resultsIn(output);
  const run = { name, seconds: (performance.now() - started) / 1000, output };
  if (success || results.failed > 0) return { ...results, ...run };
  const reason = isLate ? `no end after ${timeoutS} s` : "no summary";
  const errors = `${name}\n${output.trim()}`;
  return { ...results, ...run, failed: 1, failures: [`${name} (${reason})`], errors };
}

/** The duration of each group when it last ran on this machine, in seconds. */
function lastDurations(file: string): Readonly<Record<string, number>> {
  try {
    return JSON.parse(Deno.readTextFileSync(file));
  } catch {
    return {}; // the first run
  }
}
