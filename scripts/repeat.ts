/**
 * Runs test modules again and again, to find failures by chance. Each run shuffles the tests of a
 * module, and draws other inputs for property tests, by its own seed.
 *
 *     deno task repeat --runs=200 [--seed=1] [--timeout=600] [--pauses] [FILE|FOLDER...]
 *
 * With `--pauses`, each process of tests stands still at random, for up to 150 ms.
 *
 * Ends after the runs, or at SIGINT with those that were completed, with a table of the failures.
 * Exits with status 1 if a test failed. To repeat a run: `--runs=1 --seed=SEED` with the same files.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { mayShareProcess, testModules } from "./testing/modules.ts";
import { runModules } from "./testing/pool.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** Unit tests of the rooms whose parts run concurrently: queues, connections, processes, servers. */
const CONCURRENT = [
  "tests/unit/app",
  "tests/unit/capture/ffmpeg",
  "tests/unit/control",
  "tests/unit/delivery",
  "tests/unit/recording",
  "tests/unit/transports",
  "tests/unit/web",
];

interface Run {
  readonly seed: number;
  readonly passed: number;
  /** The names of the tests that failed. */
  readonly failures: readonly string[];
}

/** The sums of the runs, after one line for each test that failed: how often, and the seeds. */
function table(runs: readonly Run[]): string {
  const seeds = new Map<string, number[]>();
  for (const { seed, failures } of runs) {
    for (const name of failures) seeds.set(name, [...seeds.get(name) ?? [], seed]);
  }
  const tests = runs.reduce((sum, { passed, failures }) => sum + passed + failures.length, 0);
  const failed = runs.filter(({ failures }) => failures.length > 0).length;
  return [
    ...[...seeds].toSorted(([, a], [, b]) => b.length - a.length).map(([name, each]) =>
      `${String(each.length).padStart(5)} × ${name} (seed ${each.join(", ")})`
    ),
    `${runs.length} runs, ${failed} failed; ${tests} tests`,
  ].join("\n");
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    timeout: { type: "string", default: "600" },
    pauses: { type: "boolean", default: false },
  },
});
const count = Number(values.runs), timeoutS = Number(values.timeout);
const missing = positionals.filter((path) => !existsSync(resolve(ROOT, path)));
if (missing.length > 0) {
  console.error(`Not found: ${missing.join(", ")}`);
  Deno.exit(64);
}
const modules = testModules(...(positionals.length > 0 ? positionals : CONCURRENT));
const interrupted = new AbortController();
Deno.addSignalListener("SIGINT", () => interrupted.abort());
const runs: Run[] = [];
for (let k = 0; k < count && !interrupted.signal.aborted; k++) {
  const seed = Number(values.seed) + k;
  const started = performance.now();
  const results = await runModules(modules, {
    jobs: (navigator.hardwareConcurrency + 1) * (values.pauses ? 3 : 1), // most of them stand still
    keyOf: (path) => mayShareProcess(path) ? "shared" : undefined,
    options: () => [`--shuffle=${seed}`],
    env: { TEST_SEED: String(seed) },
    timeoutS,
    pauses: values.pauses,
    signal: interrupted.signal,
    onEnd: ({ errors }) => errors && console.log(errors.replaceAll(/^/gm, "    ")),
  });
  // Of an interrupted run, only the failures count.
  const passed = results.reduce((sum, each) => sum + each.passed, 0);
  const failures = results.flatMap((each) => each.failures);
  if (interrupted.signal.aborted && failures.length === 0) break;
  runs.push({ seed, passed, failures });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const sums = `${passed} passed, ${failures.length} failed, ${seconds} s`;
  console.log(`run ${k + 1} of ${count}, seed ${seed}: ${sums}`);
}
console.log(`\n${modules.length} modules\n${table(runs)}`);
Deno.exit(runs.some(({ failures }) => failures.length > 0) ? 1 : 0);
