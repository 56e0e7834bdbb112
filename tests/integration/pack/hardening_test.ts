import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { ownFfmpegPath } from "../../support/ffmpegs.ts";
import { valkeyPath } from "../../support/packed_program.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** The native code of this project, and whether it is a program that is linked statically. */
const BUILT = (arch: "x64" | "arm64") => [
  { path: `${ROOT}ffi/native/build/${arch}/libphysiology.so`, isStatic: false },
  { path: ownFfmpegPath(arch), isStatic: false },
  { path: valkeyPath(arch), isStatic: false },
  { path: `${ROOT}sandbox/build/${arch}/sandbox`, isStatic: true },
  { path: `${ROOT}launcher/build/${arch}/launcher`, isStatic: true },
];

async function readelf(...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command("readelf", { args }).output();
  assert.ok(success, args.join(" "));
  return new TextDecoder().decode(stdout);
}

for (const arch of ["x64", "arm64"] as const) {
  for (const { path, isStatic } of BUILT(arch)) {
    Deno.test({
      name: `${path.slice(ROOT.length)} is hardened against errors in memory`,
      ignore: !existsSync(path),
      async fn() {
        const [header, segments, dynamic] = await Promise.all([
          readelf("-hW", path),
          readelf("-lW", path),
          readelf("-dW", path),
        ]);
        assert.match(header, /Type: +DYN /, "position-independent");
        assert.match(segments, /GNU_RELRO/);
        assert.match(segments, /GNU_STACK .* RW /, "the stack is not executable");
        assert.doesNotMatch(segments, /LOAD .* RWE /, "no memory is writable and executable");
        assert.match(dynamic, /BIND_NOW|Flags: .*NOW/);
        if (isStatic) return; // The symbols of the C library are removed.
        const symbols = await readelf("--dyn-syms", "-W", path);
        assert.match(symbols, /__stack_chk_fail/, "stack protector");
        assert.match(symbols, /__\w+_chk\b/, "checked functions of the C library");
      },
    });
  }
}
