/** What a run of `deno test` printed about its tests. */
export interface TestResults {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
  /** The name of each failed test, or of the module if it failed outside of its tests. */
  readonly failures: readonly string[];
  /** The errors of the failed tests. */
  readonly errors: string;
}

/** Reads the last summary in the output of `deno test`, and the errors before it. */
export function resultsIn(output: string): TestResults {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const summary = [...plain.matchAll(/^(?:ok|FAILED) \| \d.*$/gm)].at(-1)?.[0] ?? "";
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}\\b`).exec(summary)?.[1] ?? 0);
  const failures = /^ FAILURES \n(.*?)^FAILED \|/ms.exec(plain)?.[1] ?? "";
  return {
    passed: count("passed"),
    failed: count("failed"),
    ignored: count("ignored"),
    failures: failures.split("\n").filter(Boolean)
      .map((line) => line.replace(/ => (?:\.\/)?(\S+):\d+:\d+$/, " ($1)")),
    errors: /^ ERRORS \n(.*)^ FAILURES \n/ms.exec(plain)?.[1]?.trim() ?? "",
  };
}
