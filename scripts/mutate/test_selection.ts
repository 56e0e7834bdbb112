/**
 * The tests that can notice a change of a source file: those that load it, directly or through
 * others, the nearest first.
 */
export interface TestSelection {
  /** The test with the file's name. */
  readonly unit: readonly string[];
  /** The other unit and fuzz tests of its room that load it. */
  readonly room: readonly string[];
  /** The nearest other unit and fuzz tests that load it. */
  readonly others: readonly string[];
  /** Contract and integration tests that load it, and the integration tests of its room. */
  readonly integration: readonly string[];
}

/**
 * Files that each test loads, with the number of imports between them, from the module graph of Deno.
 */
export type LoadedFiles = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A file at the base of all is loaded by nearly every test, and noticed by its neighbors if at all. */
const MAX_OTHERS = 20;

interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier?: string } }[];
  }[];
}

/** Reads the module graph of every test. `root` ends with a slash. */
export async function readLoadedFiles(root: string): Promise<LoadedFiles> {
  const tests = [...testFiles(root, "tests")];
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  let graph: ModuleGraph;
  try {
    await Deno.writeTextFile(
      entry,
      tests.map((test) => `import "file://${root}${test}";\n`).join(""),
    );
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", `--config=${root}deno.json`, entry],
      cwd: root,
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    graph = JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(entry);
  }
  const imports = new Map(
    graph.modules.map(({ specifier, dependencies = [] }) => [
      specifier,
      dependencies.flatMap(({ code }) => code?.specifier ?? []),
    ]),
  );
  return new Map(tests.map((test) => [test, reachableFrom(test, imports, `file://${root}`)]));
}

/** Breadth-first search: all files below `base` that a test loads, and how far each is. */
function reachableFrom(
  test: string,
  imports: ReadonlyMap<string, readonly string[]>,
  base: string,
): Map<string, number> {
  const distances = new Map([[base + test, 0]]);
  for (const [url, distance] of distances) {
    for (const next of imports.get(url) ?? []) {
      if (next.startsWith(base) && !distances.has(next)) distances.set(next, distance + 1);
    }
  }
  return new Map([...distances].map(([url, distance]) => [url.slice(base.length), distance]));
}

function* testFiles(root: string, folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* testFiles(root, path);
    else if (name.endsWith("_test.ts")) yield path;
  }
}

/** Selects the tests of `path`; `room` is the name of its room. */
export function selectTests(path: string, room: string, loaded: LoadedFiles): TestSelection {
  const own = path.replace(/^(src\/|(?=ffi\/))/, "tests/unit/").replace(/\.ts$/, "_test.ts");
  const distance = (test: string) => loaded.get(test)?.get(path) ?? Infinity;
  const isQuick = (test: string) => /^tests\/(unit|fuzz)\//.test(test);
  const isOfRoom = (test: string) => new RegExp(`^tests/\\w+/${room}/`).test(test);
  const loading = [...loaded.keys()].filter((test) => distance(test) < Infinity)
    .toSorted((a, b) => distance(a) - distance(b));
  const quick = loading.filter((test) => isQuick(test) && test !== own);
  const slow = [...loaded.keys()].filter((test) =>
    !isQuick(test) && (distance(test) < Infinity || isOfRoom(test))
  );
  return {
    unit: loaded.has(own) ? [own] : [],
    room: quick.filter(isOfRoom),
    others: quick.filter((test) => !isOfRoom(test)).slice(0, MAX_OTHERS),
    integration: slow.toSorted((a, b) => Number(isOfRoom(b)) - Number(isOfRoom(a))),
  };
}
