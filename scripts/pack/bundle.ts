import { ROOT, run } from "./run.ts";

/**
 * Entry point of the bundle. ES modules have no `require`, by which bundled CommonJS packages load
 * modules of Node, and try to load some that are not installed, such as `bufferutil`. `deno compile`
 * does not set PHYSIOLOGY_ASSETS.
 */
export const MAIN = `globalThis.require = (name) => {
  const found = process.getBuiltinModule(name);
  if (!found) throw Object.assign(new Error("Cannot find " + name), { code: "MODULE_NOT_FOUND" });
  return found;
};
if (!Deno.env.get("PHYSIOLOGY_ASSETS")) Deno.env.set("PHYSIOLOGY_ASSETS", import.meta.dirname);
await import("./program.js");
`;

export interface BundleOptions {
  /**
   * Leaves each dynamic import a literal, by which `deno compile` finds its file. Otherwise it would
   * only have Deno read that file at each start, which takes 0.03 s for all. @default false
   */
  readonly isAnalysable?: boolean;
}

/** Bundles the program into `folder`; its entry point is `main.js`. */
export async function bundle(
  folder: string,
  { isAnalysable = false }: BundleOptions = {},
): Promise<void> {
  await run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=deno",
    "--minify",
    "--keep-names",
    "--code-splitting",
    `--outdir=${folder}`,
    "main.ts",
  ], { cwd: ROOT });
  Deno.renameSync(`${folder}/main.js`, `${folder}/program.js`);
  Deno.writeTextFileSync(`${folder}/main.js`, MAIN);
  numberChunks(folder);
  if (!isAnalysable) hideDynamicImports(folder);
}

/** Makes the operand of each `import()` an expression: Deno reads the file of a literal at the start. */
function hideDynamicImports(folder: string): void {
  for (const { name } of Deno.readDirSync(folder)) {
    if (!name.endsWith(".js")) continue;
    const text = Deno.readTextFileSync(`${folder}/${name}`);
    const hidden = text.replaceAll(/\bimport\(("\.\/[\w-]+\.js")\)/g, "import((0,$1))");
    Deno.writeTextFileSync(`${folder}/${name}`, hidden);
  }
}

const HASH = /-[0-9A-Z]{8}(?=\.js$)/;
const NAMES = /\b[\w-]+-[0-9A-Z]{8}\.js\b/g;

/**
 * Replaces the hashes in the names of the chunks by numbers, in the order of their contents. The
 * bundler's hashes depend on the paths of the sources, so builds in two folders would differ.
 */
function numberChunks(folder: string): void {
  const files = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".js"))
    .map(({ name }) => ({ name, text: Deno.readTextFileSync(`${folder}/${name}`) }));
  const chunks = files.filter(({ name }) => HASH.test(name)).map(({ name, text }) => ({
    name,
    order: name.replace(HASH, "") + text.replaceAll(NAMES, ""),
  })).sort((a, b) => a.order < b.order ? -1 : a.order > b.order ? 1 : 0);
  const numbered = new Map(
    chunks.map(({ name }, index) => [name, name.replace(HASH, `-${index}`)]),
  );
  for (const { name, text } of files) {
    Deno.removeSync(`${folder}/${name}`);
    const renamed = text.replaceAll(NAMES, (found) => numbered.get(found) ?? found);
    Deno.writeTextFileSync(`${folder}/${numbered.get(name) ?? name}`, renamed);
  }
}
