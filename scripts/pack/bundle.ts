import { ROOT, run } from "./run.ts";

/**
 * Where the bundle begins. Bundled CommonJS, such as ioredis, asks for Node's modules by
 * `require`, which an ES module lacks; `deno compile` names no folder of assets.
 */
const MAIN = `import { createRequire } from "node:module";
globalThis.require = createRequire(import.meta.url);
if (!Deno.env.get("PHYSIOLOGY_ASSETS")) Deno.env.set("PHYSIOLOGY_ASSETS", import.meta.dirname);
await import("./program.js");
`;

/** Bundles the program into `folder`, with `main.js` to begin with. */
export async function bundle(folder: string): Promise<void> {
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
  numberParts(folder);
}

const HASH = /-[0-9A-Z]{8}(?=\.js$)/;
const NAMES = /\b[\w-]+-[0-9A-Z]{8}\.js\b/g;

/**
 * The bundler names the parts by hashes in which the paths of the sources have a share: two clones
 * of one state would differ. Here they are numbered, in the order of what is in them.
 */
function numberParts(folder: string): void {
  const files = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".js"))
    .map(({ name }) => ({ name, text: Deno.readTextFileSync(`${folder}/${name}`) }));
  const parts = files.filter(({ name }) => HASH.test(name)).map(({ name, text }) => ({
    name,
    order: name.replace(HASH, "") + text.replaceAll(NAMES, ""),
  })).sort((a, b) => a.order < b.order ? -1 : a.order > b.order ? 1 : 0);
  const numbered = new Map(
    parts.map(({ name }, index) => [name, name.replace(HASH, `-${index}`)]),
  );
  for (const { name, text } of files) {
    Deno.removeSync(`${folder}/${name}`);
    const renamed = text.replaceAll(NAMES, (found) => numbered.get(found) ?? found);
    Deno.writeTextFileSync(`${folder}/${numbered.get(name) ?? name}`, renamed);
  }
}
