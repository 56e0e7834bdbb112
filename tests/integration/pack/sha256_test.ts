import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { run } from "../../../scripts/pack/run.ts";

const LAUNCHER = new URL("../../../launcher/", import.meta.url).pathname;

/** Prints the SHA-256 of the first bytes of a file, for each number of them, without the processor's instructions. */
const PROGRAM = `
#define sha256_add_blocks add_blocks_by_processor
#include "sha256_blocks.c"
#undef sha256_add_blocks
#define sha256_add_blocks add_portably
#include "sha256.c"
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  static unsigned char bytes[1 << 20];
  FILE *file = fopen(arguments[1], "rb");
  if (!file || fread(bytes, 1, sizeof bytes, file) != sizeof bytes) return 1;
  for (int i = 2; i < count; i++) {
    struct sha256 hash;
    unsigned char digest[SHA256_BYTES];
    char text[SHA256_HEX];
    sha256_begin(&hash);
    sha256_add(&hash, bytes, strtoul(arguments[i], NULL, 10));
    sha256_end(&hash, digest);
    sha256_hex(digest, text);
    puts(text);
  }
  return 0;
}
`;

Deno.test("add_portably() computes SHA-256 on processors without instructions for it", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "sha256-" });
  try {
    const bytes = randomBytes(1 << 20);
    Deno.writeFileSync(`${folder}/bytes`, bytes);
    Deno.writeTextFileSync(`${folder}/test.c`, PROGRAM);
    const warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function"];
    await run("gcc", [
      ...["-O2", "-std=c11", "-D_GNU_SOURCE", ...warnings, `-I${LAUNCHER}`],
      ...["-o", `${folder}/test`, `${folder}/test.c`],
    ]);
    const sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000, 1 << 20];
    const output = await run(`${folder}/test`, [`${folder}/bytes`, ...sizes.map(String)]);
    const expected = sizes.map((size) =>
      createHash("sha256").update(bytes.subarray(0, size)).digest("hex")
    );
    assert.deepEqual(output.trimEnd().split("\n"), expected);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
