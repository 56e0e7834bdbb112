/**
 * Builds everything of a release into `dist`, for each architecture: the executable, the Debian
 * package and the OCI image, with a bill of materials for each, and the checksums of all.
 *
 *   deno task release [--target=x64 --target=arm64] [--level=19] [--output=dist] [--sign_key=FILE]
 *
 * Files get the time of the last commit, or SOURCE_DATE_EPOCH: the same tree on the same Debian gives
 * the same bytes. With a private SSH key, the checksums are signed; SECURITY.md shows how to verify
 * them. Needs dpkg-deb, and umoci of Debian, which `scripts/setup --tests` installs.
 */
import { parseArgs } from "node:util";
import { thirdPartyComponents } from "./pack/components.ts";
import { assembleFiles } from "./pack/contents.ts";
import { writeChecksums } from "./pack/checksums.ts";
import { debianPackage } from "./pack/debian_package.ts";
import { sourceDateEpoch } from "./pack/epoch.ts";
import { packExecutable } from "./pack/executable.ts";
import { image } from "./pack/image.ts";
import { imageSystem } from "./pack/image_system.ts";
import { billOfMaterials } from "./pack/notices.ts";
import { type Arch, ROOT } from "./pack/run.ts";
import { sign } from "./pack/sign.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    target: { type: "string", multiple: true, default: ["x64", "arm64"] },
    level: { type: "string", default: "19" },
    output: { type: "string", default: `${ROOT}/dist` },
    sign_key: { type: "string" },
  },
});
const level = Number(values.level);
const targets = values.target.filter((each): each is Arch => each === "x64" || each === "arm64");
if (
  targets.length < values.target.length || !(Number.isInteger(level) && level >= 1 && level <= 19)
) {
  console.error("release: Cannot use these flags: --target must be x64 or arm64, --level 1 to 19");
  Deno.exit(64);
}
Deno.mkdirSync(values.output, { recursive: true });
try {
  const epochS = await sourceDateEpoch();
  for (const arch of targets) await release(arch, epochS);
  // All of them, also those of another architecture that an earlier run has built.
  writeChecksums(values.output, /^physiology[_-]server[_-].*(?<!\.new)$/);
  if (values.sign_key) await sign(`${values.output}/SHA256SUMS`, values.sign_key);
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 69;
}

async function release(arch: Arch, epochS: number): Promise<void> {
  const output = values.output;
  const executable = `${output}/physiology_server-linux-${arch}`;
  const files = Deno.makeTempDirSync({ dir: output, prefix: `.files-${arch}-` });
  try {
    await assembleFiles(files, arch);
    await packExecutable({ arch, files, output: executable, level });
    Deno.copyFileSync(`${files}/sbom.cdx.json`, `${executable}.cdx.json`);
    report(executable);
    report(await debianPackage({ arch, executable, files, output, epochS }));
    const built = await image({ arch, files, output, epochS });
    const { components } = imageSystem(arch);
    const all = [...await thirdPartyComponents(arch), ...components];
    Deno.writeTextFileSync(built.replace(/\.tar$/, ".cdx.json"), billOfMaterials(all, arch));
    report(built);
  } finally {
    Deno.removeSync(files, { recursive: true });
  }
}

function report(path: string): void {
  console.error(`release: ${path}: ${(Deno.statSync(path).size / 1e6).toFixed(1)} MB`);
}
