import { debianPackage } from "../../scripts/pack/debian_package.ts";
import { sourceDateEpoch } from "../../scripts/pack/epoch.ts";
import { packExecutable } from "../../scripts/pack/executable.ts";
import { run } from "../../scripts/pack/run.ts";

/**
 * Builds the Debian package of another version from the executable of a release for x64, and returns
 * its path. One file of the program differs, so that an upgrade has to unpack it.
 */
export async function newerPackage(
  executable: string,
  { folder, version }: { readonly folder: string; readonly version: string },
): Promise<string> {
  const unpacked = `${folder}/unpacked`;
  Deno.mkdirSync(unpacked, { recursive: true });
  await run(executable, [`--unpack_to=${unpacked}`]);
  const files = [...Deno.readDirSync(unpacked)].find(({ isDirectory }) => isDirectory);
  if (!files) throw new Error(`Cannot find the program of ${executable} in ${unpacked}`);
  const root = `${unpacked}/${files.name}`;
  Deno.writeTextFileSync(`${root}/main.js`, `\n// ${version}\n`, { append: true });
  const newer = `${folder}/physiology_server-linux-x64`;
  await packExecutable({ arch: "x64", files: root, output: newer, level: 1 });
  const epochS = await sourceDateEpoch();
  const path = await debianPackage({
    ...{ arch: "x64", executable: newer, files: root, output: folder, epochS, version },
  });
  Deno.removeSync(unpacked, { recursive: true });
  Deno.removeSync(newer);
  return path;
}
