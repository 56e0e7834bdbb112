/**
 * The gate: everything that must pass before a commit. Ends with "N passed, N failed", followed by
 * ", N skipped" if tests were skipped; a failed check counts as a failed test.
 *
 *     deno task ok
 */
import { existsSync } from "node:fs";
import { mayShareProcess, testModules } from "./testing/modules.ts";
import { type PoolOptions, runModules } from "./testing/pool.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const DENO = Deno.execPath();
const coverage = await Deno.makeTempDir({ prefix: "coverage_" });

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const make = (
  folder: string,
  ...args: readonly string[]
): Check["command"] => ["make", "-s", "-C", folder, ...args];

/** Builds what several test modules use, which must not build it at once. */
const BUILDS: readonly Check[] = [
  { name: "native library", command: make("ffi/native") },
  { name: "launcher", command: make("launcher") },
  { name: "sandbox", command: make("sandbox") },
  ...existsSync(`${ROOT}.tools/arm64/sysroot/packages`)
    ? [
      { name: "native library for arm64", command: make("ffi/native", "ARCH=arm64") },
      { name: "launcher for arm64", command: make("launcher", "ARCH=arm64") },
      { name: "sandbox for arm64", command: make("sandbox", "ARCH=arm64") },
    ]
    : [],
];

const CHECKS: readonly Check[] = [
  { name: "format", command: [DENO, "fmt", "--quiet", "--check"] },
  { name: "format of ffi/native", command: make("ffi/native", "format-check") },
  { name: "format of sandbox", command: make("sandbox", "format-check") },
  { name: "format of launcher", command: make("launcher", "format-check") },
  { name: "lint", command: [DENO, "lint", "--quiet"] },
  { name: "types", command: [DENO, "check", "--quiet"] },
  { name: "generated files", command: [DENO, "run", "-A", "scripts/docs.ts", "--check"] },
];

interface TestStep extends PoolOptions {
  readonly name: string;
  readonly modules: readonly string[];
}

/** One more than the processors, as many tests wait for most of their time. */
const JOBS = navigator.hardwareConcurrency + 1;

/**
 * Measures delays of a link in milliseconds, or counts frames in real time, to which modules that
 * compute would add their own. Such modules mostly wait, and run beside each other.
 */
const measuresDelays = (path: string) =>
  /\/(end_to_end|simulate_fleet|fleet\/pipeline)_test\.ts$/.test(path) ||
  /(streaming_camera|slow_link|ward_server|fault_matrix\/matrix)\.ts"/.test(
    Deno.readTextFileSync(ROOT + path),
  );
const integration = testModules("tests/contract", "tests/integration", "tests/attack");

/**
 * Modules that run minutes of signals or frames through whole parts. Coverage makes such loops five times
 * slower, by more than all other modules take; their lines are those of parts with tests of their own.
 * The fuzzer measures the coverage itself.
 */
const WITHOUT_COVERAGE = new Set([
  "tests/fuzz/fuzzer_test.ts",
  "tests/fuzz/native_test.ts",
  "tests/unit/app/appliance_run_test.ts",
  "tests/unit/ffi/motion_test.ts",
  "tests/unit/validation/validate_test.ts",
  "tests/unit/vitals/breathing/estimator_test.ts",
  "tests/unit/vitals/engine_test.ts",
  "tests/unit/vitals/pulse/estimator_network_test.ts",
  "tests/unit/vitals/pulse/estimator_recordings_test.ts",
  "tests/unit/vitals/pulse/estimator_test.ts",
]);

/** Tests in process against a real server or broker, which a unit test would only imitate. */
const WITH_PEERS =
  /^tests\/integration\/(alerting|database|fhir|recording|transports\/video_push|app\/embedded_broker_test|fleet\/run_test)\b/;

let coverageFolders = 0;

function countsCoverage(path: string): boolean {
  return (/^tests\/(unit|fuzz)\//.test(path) || WITH_PEERS.test(path)) &&
    !WITHOUT_COVERAGE.has(path);
}

/** The options that record the coverage of modules that share a process, if it counts. */
function coverageOptions([path = ""]: readonly string[]): string[] {
  // A run replaces the coverage of the run before in its folder.
  return countsCoverage(path)
    ? [`--coverage=${coverage}/${coverageFolders++}`, "--coverage-raw-data-only"]
    : [];
}

const TESTS: readonly TestStep[] = [
  {
    name: "unit and fuzz tests",
    modules: testModules("tests/unit", "tests/fuzz"),
    jobs: JOBS,
    keyOf: (path) => {
      if (!mayShareProcess(path)) return undefined;
      return countsCoverage(path) ? "with coverage" : "without coverage";
    },
    options: coverageOptions,
  },
  {
    name: "contract, integration and attack tests",
    modules: integration.filter((path) => !measuresDelays(path)),
    jobs: JOBS,
    options: coverageOptions,
  },
  {
    name: "integration tests that measure delays",
    modules: integration.filter(measuresDelays),
    jobs: JOBS,
  },
  { name: "cost of a frame", modules: testModules("tests/cost"), jobs: 1 },
];

/** Runs a check, passing its output on; returns whether it succeeded. */
async function check({ name, command: [program, ...args] }: Check): Promise<boolean> {
  console.log(`\n== ${name}`);
  return (await new Deno.Command(program, { args, cwd: ROOT }).spawn().status).success;
}

/** Runs modules; returns the sums of their results. */
async function test({ name, modules, ...options }: TestStep) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const runs = await runModules(modules, {
    ...options,
    onEnd: ({ output }) => console.log(output.trimEnd()),
  });
  const sum = (key: "passed" | "failed" | "ignored") =>
    runs.reduce((total, run) => total + run[key], 0);
  const results = {
    passed: sum("passed"),
    failed: sum("failed"),
    ignored: sum("ignored"),
    errors: runs.flatMap(({ errors }) => errors || []),
  };
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`${name}: ${results.passed} passed, ${results.failed} failed (${seconds} s)`);
  return results;
}

let passed = 0, failed = 0, ignored = 0;
const broken: string[] = [];
const errors: string[] = [];
async function checkAll(checks: readonly Check[]): Promise<void> {
  for (const each of checks) {
    if (await check(each)) continue;
    broken.push(each.name);
    failed++;
  }
}
try {
  await checkAll([...BUILDS, ...CHECKS]);
  for (const step of TESTS) {
    const results = await test(step);
    passed += results.passed;
    failed += results.failed;
    ignored += results.ignored;
    if (results.failed === 0) continue;
    broken.push(step.name);
    errors.push(...results.errors);
  }
  const folders = [...Deno.readDirSync(coverage)].map(({ name }) => `${coverage}/${name}`);
  await checkAll([
    { name: "coverage", command: [DENO, "run", "-A", "scripts/coverage.ts", ...folders] },
  ]);
} finally {
  await Deno.remove(coverage, { recursive: true });
}
// Thousands of lines may follow a failed test, so its error is repeated where it is looked for.
for (const error of errors) console.log(`\n${error}`);
if (broken.length > 0) console.log(`\nFailed: ${broken.join(", ")}`);
console.log(
  `${passed} passed, ${failed} failed${ignored > 0 ? `, ${ignored} skipped` : ""}`,
);
Deno.exit(failed > 0 ? 1 : 0);
