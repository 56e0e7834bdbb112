/**
 * Mutation testing: applies one small fault at a time to a copy of the working tree, runs the tests
 * that load the changed file, and reports by room how many faults were noticed.
 *
 *     deno task mutate --count=300 --seed=1        # a sample of all rooms
 *     deno task mutate --room=delivery             # every mutant of a room
 *     deno task mutate --path=src/base/lazy.ts     # every mutant of the files below a path
 *     deno task mutate --changed=main              # mutants on the lines that differ from a commit
 *
 * The tests run in this order until one fails: the test with the name of the file, the other unit
 * and fuzz tests of its room, then the nearest others that load it. With `--integration`, survivors also face
 * the contract and integration tests. C is tested by `make -C ffi/native test`.
 */
import { parseArgs } from "node:util";
import { cMutants } from "./c_mutants.ts";
import { type Mutant, roomOf } from "./mutant.ts";
import { describe, renderReport, type Verdict } from "./report.ts";
import { sampleMutants } from "./sample.ts";
import { type LoadedFiles, readLoadedFiles, selectTests } from "./test_selection.ts";
import { typescriptMutants } from "./typescript_mutants.ts";
import { type Baselines, Workspace } from "./workspace.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Generated code, and C that only runs in a virtual machine. */
const EXCLUDED = /\/gen\/|^ffi\/native\/(v4l2_\w+|camera_list)\.c$/;

const { values: options } = parseArgs({
  options: {
    count: { type: "string" },
    seed: { type: "string", default: "1" },
    room: { type: "string" },
    path: { type: "string" },
    changed: { type: "string" },
    integration: { type: "boolean", default: false },
    jobs: { type: "string", default: String(navigator.hardwareConcurrency) },
    report: { type: "string" },
  },
});

/** All mutants that the options ask for. */
async function findMutants(): Promise<Mutant[]> {
  const changed = options.changed === undefined ? undefined : await changedLines(options.changed);
  const paths = (await git("ls-files", "src", "ffi")).split("\n").filter((path) =>
    /^(src|ffi)\/.*\.ts$|^ffi\/native\/\w+\.c$/.test(path) && !EXCLUDED.test(path) &&
    (options.room === undefined || roomOf(path) === options.room) &&
    (options.path === undefined || path.startsWith(options.path))
  );
  const mutants = paths.flatMap((path) => {
    const text = Deno.readTextFileSync(ROOT + path);
    const found = path.endsWith(".c") ? cMutants(path, text) : typescriptMutants(path, text);
    return changed ? found.filter(({ line }) => changed.get(path)?.has(line)) : found;
  });
  return options.count === undefined
    ? mutants
    : sampleMutants(mutants, Number(options.count), Number(options.seed));
}

/** Lines of each file that were added or changed since a commit. */
async function changedLines(commit: string): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  const lines = new Map<string, Set<number>>();
  let path = "";
  for (const text of (await git("diff", "-U0", commit, "--", "src", "ffi")).split("\n")) {
    path = /^\+\+\+ b\/(.+)$/.exec(text)?.[1] ?? path;
    const [, start, count = "1"] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(text) ?? [];
    if (start === undefined) continue;
    const of = lines.get(path) ?? new Set();
    for (let k = 0; k < Number(count); k++) of.add(Number(start) + k);
    lines.set(path, of);
  }
  return lines;
}

async function git(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", { args: [...args], cwd: ROOT })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Runs the tests by nearness until one notices the mutant. */
async function judge(mutant: Mutant, workspace: Workspace, loaded: LoadedFiles): Promise<Verdict> {
  if (mutant.path.endsWith(".c")) {
    const outcome = await workspace.testNative(mutant);
    return { mutant, killedBy: outcome === "passed" ? undefined : "native" };
  }
  const { integration, ...quick } = selectTests(mutant.path, roomOf(mutant.path), loaded);
  for (
    const [stage, tests] of Object.entries(options.integration ? { ...quick, integration } : quick)
  ) {
    const passing = await workspace.passingTests(tests);
    if (passing.length === 0) continue;
    if ((await workspace.test(mutant, passing)) !== "passed") return { mutant, killedBy: stage };
  }
  return { mutant, killedBy: undefined };
}

const mutants = await findMutants();
const loaded = await readLoadedFiles(ROOT);
const verdicts: Verdict[] = [];
const baselines: Baselines = new Map();
const pending = mutants.values();
await Promise.all(Array.from({ length: Number(options.jobs) }, async () => {
  await using workspace = await Workspace.create(ROOT, baselines);
  for (const mutant of pending) {
    const verdict = await judge(mutant, workspace, loaded);
    verdicts.push(verdict);
    const { killedBy } = verdict;
    const outcome = killedBy === undefined ? "SURVIVED" : `killed by ${killedBy}`;
    console.error(`${verdicts.length}/${mutants.length} ${outcome}: ${describe(mutant)}`);
  }
}));
const place = ({ mutant }: Verdict) => `${mutant.path}:${String(mutant.line).padStart(5, "0")}`;
const report = renderReport(verdicts.toSorted((a, b) => place(a) < place(b) ? -1 : 1));
if (options.report === undefined) console.log(report);
else await Deno.writeTextFile(options.report, report);
