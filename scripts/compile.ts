/**
 * Makes the one executable for a device: `dist/physiology_server-linux-<arch>`, with checksums,
 * the bill of materials and the licences beside it.
 *
 *   deno task compile [--target=x64|arm64] [--way=launcher|deno] [--level=19] [--output=dist]
 *
 * `--way=deno` is `deno compile`, which needs Deno's base runtime: it downloads it, or takes the
 * one that DENORT_BIN names, and that variable alone chooses this way. `--way=launcher` needs no
 * download: a small program that unpacks itself once.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { layOut } from "./pack/contents.ts";
import { pack } from "./pack/payload.ts";
import { type Arch, hostArch, ROOT, run } from "./pack/run.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    target: { type: "string", default: hostArch() },
    way: { type: "string", default: Deno.env.has("DENORT_BIN") ? "deno" : "launcher" },
    level: { type: "string", default: "19" },
    output: { type: "string", default: `${ROOT}/dist` },
  },
});

function refuse(what: string): never {
  console.error(`compile: ${what}`);
  Deno.exit(64);
}

const arch: Arch = values.target === "x64" || values.target === "arm64"
  ? values.target
  : refuse(`Cannot compile for '${values.target}': use --target=x64 or --target=arm64`);
if (values.way !== "launcher" && values.way !== "deno") {
  refuse(`Cannot compile by '${values.way}': use --way=launcher or --way=deno`);
}
const level = Number(values.level);
if (!(Number.isInteger(level) && level >= 1 && level <= 19)) {
  refuse(`Cannot compress at '${values.level}': the level is 1 to 19`);
}

Deno.mkdirSync(values.output, { recursive: true });
const name = `physiology_server-linux-${arch}`;
const folder = Deno.makeTempDirSync({ dir: values.output, prefix: `.${name}-` });
try {
  await layOut(folder, arch);
  const output = `${values.output}/${name}`;
  await (values.way === "deno" ? compileByDeno(output) : packBehindLauncher(output));
  Deno.copyFileSync(`${folder}/sbom.cdx.json`, `${output}.cdx.json`);
  writeChecksums();
  const megabytes = (Deno.statSync(output).size / 1e6).toFixed(1);
  console.error(`compile: ${output}: ${megabytes} MB`);
} catch (error) {
  console.error(`compile: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 69;
} finally {
  Deno.removeSync(folder, { recursive: true });
}

async function packBehindLauncher(output: string): Promise<void> {
  await run("make", ["-s", "-C", `${ROOT}/launcher`, `ARCH=${arch}`]);
  const launcher = `${ROOT}/launcher/build/${arch}/launcher`;
  await pack(folder, { launcher, output: `${output}.new`, level });
  Deno.renameSync(`${output}.new`, output);
}

async function compileByDeno(output: string): Promise<void> {
  Deno.removeSync(`${folder}/bin/deno`); // the base runtime takes its place
  if (!Deno.env.has("DENORT_BIN")) {
    console.error(
      "compile: deno compile fetches its base runtime; where that fails, name one by DENORT_BIN, " +
        "or compile by --way=launcher",
    );
  }
  const machine = arch === "arm64" ? "aarch64" : "x86_64";
  await run(Deno.execPath(), [
    "compile",
    "--quiet",
    "--no-check",
    "--no-config",
    "--allow-all",
    "--unstable-net",
    "--v8-flags=--max-semi-space-size=2,--heap-growing-percent=100", // as scripts/physiology_server
    "--self-extracting",
    `--target=${machine}-unknown-linux-gnu`,
    `--include=${folder}`,
    `--output=${output}`,
    `${folder}/main.js`,
  ]);
}

function writeChecksums(): void {
  const lines = [...Deno.readDirSync(values.output)].map((entry) => entry.name)
    .filter((file) => /^physiology_server-linux-(x64|arm64)(\.cdx\.json)?$/.test(file)).sort()
    .map((file) => {
      const bytes = Deno.readFileSync(`${values.output}/${file}`);
      return `${createHash("sha256").update(bytes).digest("hex")}  ${file}\n`;
    });
  Deno.writeTextFileSync(`${values.output}/SHA256SUMS`, lines.join(""));
}
