import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Modules that share a process at most, so that no group runs long after the others are done. */
const MAX_MODULES = 40;

/** Test modules that run in one process. */
export interface Group {
  /** The module, or the first and the number of the others. */
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * Modules with the same key share a process: `deno test` needs 0.5 s of a processor to start, and
 * loads what the modules import, which is more than most unit tests take. A module without a key has
 * a process of its own.
 */
export function groupsOf(
  paths: readonly string[],
  keyOf: (path: string) => string | undefined,
): readonly Group[] {
  const byKey = Map.groupBy(paths, (path) => keyOf(path) ?? path);
  return [...byKey.values()].flatMap((each) => {
    const count = Math.ceil(each.length / MAX_MODULES);
    return Array.from({ length: count }, (_, k) => {
      const at = (part: number) => Math.round((part * each.length) / count);
      return groupOf(each.slice(at(k), at(k + 1)));
    });
  });
}

function groupOf(paths: readonly string[]): Group {
  const [first = ""] = paths;
  return { name: paths.length === 1 ? first : `${first} and ${paths.length - 1} more`, paths };
}

/** The module to pass to `deno test`, until it is disposed. */
export interface Entry extends Disposable {
  readonly path: string;
}

/** Returns the module of a group, or one that imports all of its modules. */
export function entryOf({ paths }: Group): Entry {
  if (paths.length === 1) return { path: paths[0]!, [Symbol.dispose]: () => {} };
  const path = Deno.makeTempFileSync({ prefix: "physiology_", suffix: "_test.ts" });
  const urls = paths.map((each) => pathToFileURL(resolve(ROOT, each)).href);
  Deno.writeTextFileSync(path, urls.map((url) => `import ${JSON.stringify(url)};\n`).join(""));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path) };
}
