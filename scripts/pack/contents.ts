import { packedFiles } from "../../src/base/assets.ts";
import { bundle } from "./bundle.ts";
import { billOfMaterials, licensesText } from "./papers.ts";
import { carriedParts } from "./parts.ts";
import { type Arch, hostArch, ROOT, run } from "./run.ts";

/** Only these lie in `models` and `config` for the program; the rest is for people. */
const CARRIED = /\.(json|onnx|service|acl|html)$/;

/**
 * Lays out the unpacked program for `arch` in `folder`, as `src/base/assets.ts` expects it,
 * with `main.js` beside it.
 */
export async function layOut(folder: string, arch: Arch): Promise<void> {
  await run(`${ROOT}/scripts/setup`, [`--arch=${hostArch()}`, `--arch=${arch}`, "--pack"]);
  await run("make", ["-s", "-C", `${ROOT}/ffi/native`, `ARCH=${arch}`]);
  await bundle(folder);
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
