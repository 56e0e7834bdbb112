/** The test modules of the tree, and the command that runs them as the gate does. */
import { resolve } from "node:path";

const ROOT = new URL("../../", import.meta.url).pathname;

/**
 * `deno test` with what each test of the tree needs. A test fails if it leaves an operation, a timer
 * or a resource behind. Types are checked once, by `deno check`.
 */
export const TEST_COMMAND = [
  Deno.execPath(),
  "test",
  "--allow-all",
  "--no-check",
  "--preload=tests/support/setup.ts",
  "--sanitize-ops",
  "--sanitize-resources",
] as const;

/** The test modules at or below paths, which are relative to the tree, sorted. */
export function testModules(...paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => [...filesBelow(path.replace(/\/+$/, ""))]))]
    .filter((path) => path.endsWith("_test.ts")).toSorted();
}

/** Whether a module leaves its process as it was: a unit test that changes nothing global. */
export function mayShareProcess(path: string): boolean {
  return path.startsWith("tests/unit/") &&
    !/Deno\.(chdir|env\.(set|delete)|addSignalListener|test\.(before|after))\b/.test(
      Deno.readTextFileSync(resolve(ROOT, path)),
    );
}

function* filesBelow(path: string): Generator<string> {
  const absolute = resolve(ROOT, path);
  if (!Deno.statSync(absolute).isDirectory) return yield path;
  for (const { name } of Deno.readDirSync(absolute)) yield* filesBelow(`${path}/${name}`);
}
