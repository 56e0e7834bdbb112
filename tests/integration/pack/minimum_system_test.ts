import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { ownFfmpegPath } from "../../support/ffmpegs.ts";
import { valkeyPath } from "../../support/packed_program.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** Files in the executable that are linked with the glibc of the device. */
const PACKED = (arch: "x64" | "arm64") => [
  `${ROOT}.tools/${arch}/deno`,
  `${ROOT}.tools/${arch}/libonnxruntime.so.1`,
  `${ROOT}ffi/native/build/${arch}/libphysiology.so`,
  ownFfmpegPath(arch),
  valkeyPath(arch),
];

/** The newest minor version of glibc 2 that a program or library requires. */
async function glibcOf(path: string): Promise<number> {
  const { stdout } = await new Deno.Command("objdump", { args: ["-p", path] }).output();
  const versions = new TextDecoder().decode(stdout).matchAll(/\bGLIBC_2\.(\d+)/g);
  return Math.max(...Array.from(versions, ([, minor]) => Number(minor)));
}

/** Static libraries of newer Debian releases require the glibc of that release. */
const IS_DEBIAN_12 = Deno.readTextFileSync("/etc/os-release").includes('VERSION_ID="12"');

for (const arch of ["x64", "arm64"] as const) {
  Deno.test({
    name: `packed files for ${arch} require glibc 2.28 at most`,
    ignore: !IS_DEBIAN_12 || !PACKED(arch).every((path) => existsSync(path)),
    async fn() {
      const needed = await Promise.all(PACKED(arch).map(glibcOf));
      assert(needed.every((minor) => minor <= 28), `2.${needed.join(", 2.")}`);
    },
  });
}

Deno.test("glibc_compat.h adds nothing to assembly, as ffmpeg has for arm64", async () => {
  const { success, stdout } = await new Deno.Command("gcc", {
    args: ["-E", "-P", "-x", "assembler-with-cpp", `${ROOT}ffi/native/glibc_compat.h`],
  }).output();
  assert.ok(success);
  assert.equal(new TextDecoder().decode(stdout).trim(), "");
});

const ARM64 = PACKED("arm64");

Deno.test({
  name: "packed files for arm64 are aligned for kernels with pages of 16 or 64 KiB",
  ignore: !ARM64.every((path) => existsSync(path)),
  async fn() {
    for (const path of ARM64) {
      const { stdout } = await new Deno.Command("readelf", { args: ["-lW", path] }).output();
      const loads = new TextDecoder().decode(stdout).matchAll(/^ +LOAD .* 0x([0-9a-f]+)$/gm);
      const alignments = Array.from(loads, ([, hex]) => parseInt(hex ?? "", 16));
      assert(alignments.length > 0 && alignments.every((bytes) => bytes >= 65_536), path);
    }
  },
});
