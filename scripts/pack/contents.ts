import { packedFiles } from "../../src/base/assets.ts";
import { bundle, type BundleOptions } from "./bundle.ts";
import { billOfMaterials, licensesText } from "./notices.ts";
import { thirdPartyComponents } from "./components.ts";
import { type Arch, hostArch, ROOT, run } from "./run.ts";

/** Files in `models` and `config` that the program reads; the others are documentation. */
const PACKED = /\.(json|onnx|service|acl|html)$/;

/**
 * Assembles the files of the program for `arch` in `folder`, as `src/base/assets.ts` expects them,
 * with `main.js`, the licences and the bill of materials.
 */
export async function assembleFiles(
  folder: string,
  arch: Arch,
  options: BundleOptions = {},
): Promise<void> {
  await run(`${ROOT}/scripts/setup`, [`--arch=${hostArch()}`, `--arch=${arch}`, "--pack"]);
  await run("make", ["-s", "-C", `${ROOT}/ffi/native`, `ARCH=${arch}`]);
  await run("make", ["-s", "-C", `${ROOT}/sandbox`, `ARCH=${arch}`]);
  await bundle(folder, options);
  copy(`${ROOT}/.tools/${arch}/deno`, `${folder}/bin/deno`);
  for (const [packed, source] of packedFiles(arch)) {
    copyAll(`${ROOT}/${source}`, `${folder}/${packed}`);
  }
  const components = await thirdPartyComponents(arch);
  Deno.writeTextFileSync(`${folder}/licenses.txt`, licensesText(components));
  Deno.writeTextFileSync(`${folder}/sbom.cdx.json`, billOfMaterials(components, arch));
}

function copyAll(source: string, target: string): void {
  if (Deno.statSync(source).isFile) return copy(source, target);
  for (const { name, isDirectory } of Deno.readDirSync(source)) {
    if (isDirectory || PACKED.test(name)) copyAll(`${source}/${name}`, `${target}/${name}`);
  }
}

function copy(source: string, target: string): void {
  Deno.mkdirSync(target.slice(0, target.lastIndexOf("/")), { recursive: true });
  Deno.copyFileSync(source, target);
}
