import { applyMutant, type Mutant } from "./mutant.ts";

/** Outcome of one command on a changed copy. */
export type Outcome = "passed" | "failed" | "timed_out";

/** Durations of unchanged tests in ms, undefined if they fail, by their command. */
export type Baselines = Map<string, number | undefined>;

const DENO = Deno.execPath();

/** Time that a mutant may take beyond the unchanged tests before it counts as an endless loop. */
const SLOWER = 5;
const SLACK_MS = 10_000;
/** Attempts of the unchanged tests. */
const MAX_ATTEMPTS = 3;

/** A copy of the working tree, in which one mutant at a time is applied and tested. */
export class Workspace implements AsyncDisposable {
  readonly #root: string;
  readonly #baselines: Baselines;

  private constructor(root: string, baselines: Baselines) {
    this.#root = root;
    this.#baselines = baselines;
  }

  /** Copies the files of the working tree at `root` that Git does not ignore, and what was built. */
  static async create(root: string, baselines: Baselines): Promise<Workspace> {
    const folder = await Deno.makeTempDir({ prefix: "mutate_" });
    const copy = `git ls-files -z --cached --others --exclude-standard |
      xargs -0 -I{} sh -c '[ ! -e "$1" ] || cp --parents -- "$1" "$0"' "${folder}" {}
      ln -s "$PWD/.tools" "${folder}/.tools"
      for folder in ffi/native launcher sandbox; do
        [ ! -d "$folder/build" ] || cp -a "$folder/build" "${folder}/$folder/"
      done`;
    const { success } = await new Deno.Command("sh", { args: ["-c", copy], cwd: root }).output();
    if (!success) throw new Error(`Cannot copy the working tree: ${root}`);
    return new Workspace(folder, baselines);
  }

  /** Runs test files unchanged and returns those that pass, so that no failure is misread. */
  async passingTests(tests: readonly string[]): Promise<string[]> {
    const passing: string[] = [];
    for (const test of tests) {
      if ((await this.#baselineOf(denoTest([test]))) !== undefined) passing.push(test);
    }
    return passing;
  }

  /** Applies a mutant, runs the tests, and restores the file. */
  test(mutant: Mutant, tests: readonly string[]): Promise<Outcome> {
    return this.#runMutated(mutant, denoTest(tests));
  }

  /** The same with the C tests under AddressSanitizer. */
  testNative(mutant: Mutant): Promise<Outcome> {
    return this.#runMutated(mutant, ["make", "-s", "-C", "ffi/native", "test"]);
  }

  async #runMutated(mutant: Mutant, command: readonly string[]): Promise<Outcome> {
    const baseline = await this.#baselineOf(command);
    if (baseline === undefined) {
      throw new Error(`Tests fail without a mutant: ${command.join(" ")}`);
    }
    const path = `${this.#root}/${mutant.path}`;
    const original = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, applyMutant(original, mutant));
    try {
      return await this.#run(command, SLOWER * baseline + SLACK_MS);
    } finally {
      await Deno.writeTextFile(path, original);
    }
  }

  async #baselineOf(command: readonly string[]): Promise<number | undefined> {
    const key = command.join("\0");
    // A test may fail by chance on a busy machine.
    for (let attempt = 0; attempt < MAX_ATTEMPTS && !this.#baselines.has(key); attempt++) {
      const start = performance.now();
      const outcome = await this.#run(command, 600_000);
      if (outcome === "passed") this.#baselines.set(key, performance.now() - start);
    }
    if (!this.#baselines.has(key)) {
      this.#baselines.set(key, undefined);
      console.error(`Fails without a mutant, and is left out: ${command.at(-1)}`);
    }
    return this.#baselines.get(key);
  }

  /** `timeout` of coreutils ends the whole process group. */
  async #run(command: readonly string[], limitMs: number): Promise<Outcome> {
    const { code } = await new Deno.Command("timeout", {
      args: ["--kill-after=2", String(Math.ceil(limitMs / 1000)), ...command],
      cwd: this.#root,
      env: { DENO_JOBS: "1", NO_COLOR: "1" },
      stdout: "null",
      stderr: "null",
    }).output();
    if (code === 124 || code === 137) return "timed_out";
    return code === 0 ? "passed" : "failed";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

/** As the gate runs unit tests, so that a call left out is noticed by what it leaves behind. */
function denoTest(tests: readonly string[]): string[] {
  const checks = ["--sanitize-ops", "--sanitize-resources", "--preload=tests/support/setup.ts"];
  return [DENO, "test", "-A", "--quiet", "--no-check", "--fail-fast", ...checks, ...tests];
}
