import assert from "node:assert/strict";
import { existsSync } from "node:fs";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** What the executable carries and the device's glibc has to satisfy. */
const CARRIED = (arch: string) => [
  `${ROOT}.tools/${arch}/deno`,
  `${ROOT}.tools/${arch}/libonnxruntime.so.1`,
  `${ROOT}ffi/native/build/${arch}/libphysiology.so`,
];

/** The newest minor version of glibc 2 that a program or library names. */
async function glibcOf(path: string): Promise<number> {
  const { stdout } = await new Deno.Command("objdump", { args: ["-p", path] }).output();
  const versions = new TextDecoder().decode(stdout).matchAll(/\bGLIBC_2\.(\d+)/g);
  return Math.max(...Array.from(versions, ([, minor]) => Number(minor)));
}

/** A newer Debian's archives of libjpeg-turbo and nghttp2 ask for its own glibc. */
const IS_DEBIAN_12 = Deno.readTextFileSync("/etc/os-release").includes('VERSION_ID="12"');

for (const arch of ["x64", "arm64"] as const) {
  Deno.test({
    name: `what is carried for ${arch} runs from glibc 2.28 on`,
    ignore: !IS_DEBIAN_12 || !CARRIED(arch).every((path) => existsSync(path)),
    async fn() {
      const needed = await Promise.all(CARRIED(arch).map(glibcOf));
      assert(needed.every((minor) => minor <= 28), `2.${needed.join(", 2.")}`);
    },
  });
}

const ARM64 = [...CARRIED("arm64"), `${ROOT}.tools/arm64/ffmpeg`];

Deno.test({
  name: "what is carried for arm64 starts on a kernel with pages of 16 or 64 KiB",
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
