import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Modules that share a process at most, so that the groups of a large folder run beside each other. */
const MAX_MODULES = 12;

/** Test modules that run in one process. */
export interface Group {
  /** The module, or the folder and the position of the first module in it. */
  readonly name: string;
  readonly paths: readonly string[];
}

/**
 * Groups the modules of each folder: `deno test` needs 0.4 s of a processor to start a module, more
 * than most unit tests take. A module for which `isAlone` holds has a process of its own.
 */
export function groupsOf(
  paths: readonly string[],
  isAlone: (path: string) => boolean,
): readonly Group[] {
  const alone = paths.filter(isAlone).map((path) => ({ name: path, paths: [path] }));
  const folders = Map.groupBy(
    paths.filter((path) => !isAlone(path)),
    (path) => path.slice(0, path.lastIndexOf("/")),
  );
  const shared = [...folders].flatMap(([folder, each]) => {
    const groups: Group[] = [];
    for (let at = 0; at < each.length; at += MAX_MODULES) {
      groups.push({ name: `${folder} from ${at + 1}`, paths: each.slice(at, at + MAX_MODULES) });
    }
    return groups;
  });
  return [...alone, ...shared];
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
