/**
 * Builds the executable for a device, `dist/physiology_server-linux-<arch>`, with its checksums
 * and its bill of materials.
 *
 *   deno task compile [--target=x64|arm64] [--way=launcher|deno] [--level=19] [--output=dist]
 *     [--sign_key=FILE]
 *
 * `--way=launcher` appends all files to a small program that unpacks itself once. `--way=deno`
 * uses `deno compile`, which downloads Deno's base runtime unless DENORT_BIN is its path. The
 * default is `deno` if DENORT_BIN is set, otherwise `launcher`. With a private SSH key, the checksums
 * are signed as `SHA256SUMS.sig`; SECURITY.md shows how to verify them.
 */
import { parseArgs } from "node:util";
import { assembleFiles } from "./pack/contents.ts";
import { writeChecksums } from "./pack/checksums.ts";
import { packExecutable } from "./pack/executable.ts";
import { sign } from "./pack/sign.ts";
import { type Arch, hostArch, ROOT, run } from "./pack/run.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    target: { type: "string", default: hostArch() },
    way: { type: "string", default: Deno.env.has("DENORT_BIN") ? "deno" : "launcher" },
    level: { type: "string", default: "19" },
    output: { type: "string", default: `${ROOT}/dist` },
    sign_key: { type: "string" },
  },
});

function failUsage(message: string): never {
  console.error(`compile: ${message}`);
  Deno.exit(64);
}

const arch: Arch = values.target === "x64" || values.target === "arm64"
  ? values.target
  : failUsage(`Cannot use --target: it must be x64 or arm64: current value is ${values.target}`);
if (values.way !== "launcher" && values.way !== "deno") {
  failUsage(`Cannot use --way: it must be launcher or deno: current value is ${values.way}`);
}
const level = Number(values.level);
if (!(Number.isInteger(level) && level >= 1 && level <= 19)) {
  failUsage(
    `Cannot use --level: it must be an integer from 1 to 19: current value is ${values.level}`,
  );
}

Deno.mkdirSync(values.output, { recursive: true });
const name = `physiology_server-linux-${arch}`;
const folder = Deno.makeTempDirSync({ dir: values.output, prefix: `.${name}-` });
try {
  await assembleFiles(folder, arch, { isAnalysable: values.way === "deno" });
  const output = `${values.output}/${name}`;
  await (values.way === "deno"
    ? compileByDeno(output)
    : packExecutable({ arch, files: folder, output, level }));
  Deno.copyFileSync(`${folder}/sbom.cdx.json`, `${output}.cdx.json`);
  writeChecksums(values.output, /^physiology_server-linux-(x64|arm64)(\.cdx\.json)?$/);
  if (values.sign_key) await sign(`${values.output}/SHA256SUMS`, values.sign_key);
  const megabytes = (Deno.statSync(output).size / 1e6).toFixed(1);
  console.error(`compile: ${output}: ${megabytes} MB`);
} catch (error) {
  console.error(`compile: ${error instanceof Error ? error.message : error}`);
  Deno.exitCode = 69;
} finally {
  Deno.removeSync(folder, { recursive: true });
}

async function compileByDeno(output: string): Promise<void> {
  Deno.removeSync(`${folder}/bin/deno`); // the base runtime replaces it
  if (!Deno.env.has("DENORT_BIN")) {
    console.error(
      "compile: deno compile downloads its base runtime. Without a network, set DENORT_BIN to its " +
        "path, or use --way=launcher.",
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
