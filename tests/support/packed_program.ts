import { ARCH, assetPath } from "../../src/base/assets.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Path of the Valkey of `scripts/build_valkey` for an architecture; it may not exist. */
export const valkeyPath = (arch: typeof ARCH) => assetPath("valkey").replace(ARCH, arch);

/** Builds the packed executable of a source tree into `folder`, at the lowest compression level. */
export async function packedProgram(folder: string, arch = ARCH, tree = ROOT): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/compile.ts", "--way=launcher", "--level=1"]
      .concat([`--target=${arch}`, `--output=${folder}`]),
    cwd: tree,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return `${folder}/physiology_server-linux-${arch}`;
}
