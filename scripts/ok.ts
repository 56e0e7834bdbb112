/**
 * The gate: everything that must pass before a commit. Ends with "N passed, N failed", followed by
 * ", N skipped" if tests were skipped; a failed check counts as a failed test.
 *
 *     deno task ok
 */
const ROOT = new URL("../", import.meta.url).pathname;
const DENO = Deno.execPath();
const coverage = await Deno.makeTempDir({ prefix: "coverage_" });

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const CHECKS: readonly Step[] = [
  { name: "format", command: [DENO, "fmt", "--quiet", "--check"] },
  { name: "format of ffi/native", command: ["make", "-s", "-C", "ffi/native", "format-check"] },
  { name: "format of launcher", command: ["make", "-s", "-C", "launcher", "format-check"] },
  { name: "lint", command: [DENO, "lint", "--quiet"] },
  { name: "types", command: [DENO, "check", "--quiet"] },
  { name: "generated files", command: [DENO, "run", "-A", "scripts/docs.ts", "--check"] },
];

/**
 * What a test module shares with all others of its process: it must not run beside them. Measures of
 * the process, such as its open files, are of this kind as well, and executables that it writes: a
 * child that is started beside it would hold them open. Delays of a link that are measured in
 * milliseconds are of this kind, as another module takes the processor. The packed files for arm64
 * are examined after the tests of arm64, which build them.
 */
const OF_THE_PROCESS =
  /withEnvironment|Deno\.env\.(set|delete)|Deno\.(chdir|umask)|proc\/self|memoryUsage|(source_suite|heap|streaming_camera)\.ts"|PACKED\("arm64"\)|await pack\(/;

/** Test modules below folders, by whether they may run beside others. */
function testModules(...folders: readonly string[]) {
  const modules = folders.flatMap((folder) => [...filesBelow(folder)])
    .filter((path) => path.endsWith("_test.ts")).toSorted();
  const changesProcess = (path: string) => OF_THE_PROCESS.test(Deno.readTextFileSync(ROOT + path));
  return {
    alone: modules.filter(changesProcess),
    beside: modules.filter((path) => !changesProcess(path)),
  };
}

function* filesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(ROOT + folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

/** The steps that run the tests of folders: most modules in parallel, the others one by one. */
function testSteps(
  name: string,
  { folders, options = () => [] }: {
    readonly folders: readonly string[];
    /** Further options of each step; a run replaces the coverage of the run before in its folder. */
    readonly options?: (step: "beside" | "alone") => readonly string[];
  },
): readonly Step[] {
  // A test fails if it leaves an operation, a timer or a resource behind.
  const sanitizers = ["--sanitize-ops", "--sanitize-resources"] as const;
  const command = [DENO, "test", "-A", "--preload=tests/support/setup.ts", ...sanitizers] as const;
  const { alone, beside } = testModules(...folders);
  return [
    { name, command: [...command, ...options("beside"), "--parallel", ...beside] },
    { name: `${name}, one by one`, command: [...command, ...options("alone"), ...alone] },
  ];
}

const TESTS: readonly Step[] = [
  ...testSteps("unit and fuzz tests", {
    folders: ["tests/unit", "tests/fuzz"],
    options: (step) => [`--coverage=${coverage}/${step}`],
  }),
  ...testSteps("contract, integration and attack tests", {
    folders: ["tests/contract", "tests/integration", "tests/attack"],
  }),
];

const COVERAGE: Step = {
  name: "coverage",
  command: [DENO, "run", "-A", "scripts/coverage.ts", `${coverage}/beside`, `${coverage}/alone`],
};

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/** Runs a step, passing its output on; returns whether it succeeded, and its output. */
async function run({ name, command: [program, ...args] }: Step) {
  console.log(`\n== ${name}`);
  const child = new Deno.Command(program, { args, cwd: ROOT, stdout: "piped" }).spawn();
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    Deno.stdout.writeSync(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  return { succeeded: (await child.status).success, output };
}

/** Reads the counts of the last summary of `deno test`, and the errors of the tests that failed. */
function resultsIn(output: string): Counts & { readonly errors: string } {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const count = (word: string) =>
    Number([...plain.matchAll(new RegExp(`(\\d+) ${word}\\b`, "g"))].at(-1)?.[1] ?? 0);
  return {
    passed: count("passed"),
    failed: count("failed"),
    ignored: count("ignored"),
    errors: /^ ERRORS \n(.*)^ FAILURES \n/ms.exec(plain)?.[1]?.trim() ?? "",
  };
}

let passed = 0, failed = 0, ignored = 0;
const broken: string[] = [];
const errors: string[] = [];
try {
  for (const step of CHECKS) {
    if ((await run(step)).succeeded) continue;
    broken.push(step.name);
    failed++;
  }
  for (const step of TESTS) {
    const { succeeded, output } = await run(step);
    const results = resultsIn(output);
    passed += results.passed;
    // A runner that fails without a failed test, such as at an import, counts as one.
    failed += succeeded ? results.failed : Math.max(1, results.failed);
    ignored += results.ignored;
    if (succeeded) continue;
    broken.push(step.name);
    errors.push(results.errors);
  }
  if (!(await run(COVERAGE)).succeeded) {
    broken.push(COVERAGE.name);
    failed++;
  }
} finally {
  await Deno.remove(coverage, { recursive: true });
}
// Thousands of lines may follow a failed test, so its error is repeated where it is looked for.
for (const error of errors.filter(Boolean)) console.log(`\n${error}`);
if (broken.length > 0) console.log(`\nFailed: ${broken.join(", ")}`);
console.log(
  `${passed} passed, ${failed} failed${ignored > 0 ? `, ${ignored} skipped` : ""}`,
);
Deno.exit(failed > 0 ? 1 : 0);
