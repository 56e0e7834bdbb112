import { packedFiles } from "../../src/config/assets.ts";
import { billOfMaterials, licensesText } from "./papers.ts";
import { carriedParts } from "./parts.ts";
import { type Arch, hostArch, ROOT, run } from "./run.ts";

/**
 * Where the bundle begins. Bundled CommonJS, such as ioredis, asks for Node's modules by
 * `require`, which an ES module lacks; `deno compile` names no folder of assets.
 */
const MAIN = `import { createRequire } from "node:module";
globalThis.require = createRequire(import.meta.url);
if (!Deno.env.get("PHYSIOLOGY_ASSETS")) Deno.env.set("PHYSIOLOGY_ASSETS", import.meta.dirname);
await import("./program.js");
`;

/** Only these lie in `models` and `config` for the program; the rest is for people. */
const CARRIED = /\.(json|onnx|service|acl|html)$/;

/**
 * Lays out the unpacked program for `arch` in `folder`, as `src/config/assets.ts` expects it,
 * with `main.js` beside it.
 */
export async function layOut(folder: string, arch: Arch): Promise<void> {
  await run(`${ROOT}/scripts/setup`, [`--arch=${hostArch()}`, `--arch=${arch}`, "--pack"]);
  await run("make", ["-s", "-C", `${ROOT}/ffi/native`, `ARCH=${arch}`]);
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
  copy(`${ROOT}/.tools/${arch}/deno`, `${folder}/bin/deno`);
  for (const [packed, source] of packedFiles(arch)) {
    copyAll(`${ROOT}/${source}`, `${folder}/${packed}`);
  }
  const parts = await carriedParts(arch);
  Deno.writeTextFileSync(`${folder}/licenses.txt`, licensesText(parts));
  Deno.writeTextFileSync(`${folder}/sbom.cdx.json`, billOfMaterials(parts, arch));
}

function copyAll(source: string, target: string): void {
  if (Deno.statSync(source).isFile) return copy(source, target);
  for (const { name, isDirectory } of Deno.readDirSync(source)) {
    if (isDirectory || CARRIED.test(name)) copyAll(`${source}/${name}`, `${target}/${name}`);
  }
}

function copy(source: string, target: string): void {
  Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  Deno.copyFileSync(source, target);
}
