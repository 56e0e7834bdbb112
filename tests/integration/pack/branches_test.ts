import assert from "node:assert/strict";
import fc from "fast-check";
import { writeTargets } from "../../../scripts/pack/branches.ts";
import { type Arch, run } from "../../../scripts/pack/run.ts";
import { ARCH } from "../../../src/base/assets.ts";
import { temporaryFolder } from "../../support/folders.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/**
 * Restores a file part by part as the launcher does: IN OUT PROCESSOR SIZE..., the sizes of the parts
 * in turns.
 */
const PROGRAM = `
#include "branches.c"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  FILE *in = fopen(arguments[1], "rb"), *out = fopen(arguments[2], "wb");
  int arm64 = strcmp(arguments[3], "arm64") == 0;
  static unsigned char part[1 << 20];
  size_t held = 0;
  uint64_t position = 0;
  for (int turn = 0;; turn++) {
    size_t size = strtoul(arguments[4 + turn % (count - 4)], NULL, 10);
    size_t added = fread(part + held, 1, size, in), available = held + added;
    size_t done = arm64 ? restore_distances_arm64(part, available, position)
                        : restore_distances_x64(part, available, position);
    if (available - done > MAX_UNRESTORED) return 2;
    if (added < size) done = available;
    fwrite(part, 1, done, out);
    if (added < size) break;
    memmove(part, part + done, held = available - done);
    position += done;
  }
  return fclose(out);
}
`;

using folder = temporaryFolder();
Deno.writeTextFileSync(`${folder.path}/test.c`, PROGRAM);
await run("gcc", [
  ...["-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsanitize=address"],
  ...[`-I${ROOT}launcher`, "-o", `${folder.path}/test`, `${folder.path}/test.c`],
]);
const program = Deno.readFileSync(`${folder.path}/test`);

/** Restores what `writeTargets()` wrote, in parts of these sizes. */
async function restored(
  bytes: Uint8Array<ArrayBuffer>,
  arch: Arch,
  sizes: readonly number[],
): Promise<Uint8Array> {
  using work = temporaryFolder();
  Deno.writeFileSync(`${work.path}/in`, bytes);
  Deno.writeFileSync(`${work.path}/test`, program, { mode: 0o755 });
  const paths = [`${work.path}/in`, `${work.path}/out`];
  await run(`${work.path}/test`, [...paths, arch, ...sizes.map(String)]);
  return Deno.readFileSync(`${work.path}/out`);
}

/** Bytes in which instructions with a distance, and what looks like one, are as likely as others. */
const code = fc.array(
  fc.oneof(
    fc.constantFrom([0xe8], [0x48, 0x8d, 0x05], [0x4c, 0x8b, 0x3d], [0x48], [0x8b]),
    fc.constantFrom([0, 0, 0, 0x94], [0, 0, 0, 0x90], [0xff, 0xff, 0xff, 0xb0], [0x1f, 0, 0, 0xd0]),
    fc.constantFrom([0xff, 0xff, 0xff, 0x07], [0, 0, 0, 0xf8], [0, 0, 0, 0x08], [0xf8, 0, 0, 0]),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => [...bytes]),
  ),
  { maxLength: 200 },
).map((parts) => new Uint8Array(parts.flat()));

for (const arch of ["x64", "arm64"] as const) {
  Deno.test(`the launcher restores what writeTargets() wrote for ${arch}, whatever the bytes are`, async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(code, sizes, async (bytes, parts) => {
        const written = bytes.slice();
        writeTargets(written, arch);
        assert.deepEqual(await restored(written, arch, parts), bytes);
      }),
      { numRuns: 60, seed: 11 },
    );
  });
}

Deno.test("writeTargets() makes the code of ONNX Runtime compress better by a tenth", async () => {
  const bytes = Deno.readFileSync(`${ROOT}.tools/${ARCH}/libonnxruntime.so.1`);
  const written = bytes.slice();
  writeTargets(written, ARCH);
  using work = temporaryFolder();
  const compressed = async (contents: Uint8Array) => {
    Deno.writeFileSync(`${work.path}/contents`, contents);
    await run("zstd", ["-3", "-q", "-f", `${work.path}/contents`]);
    return Deno.statSync(`${work.path}/contents.zst`).size;
  };
  const ratio = await compressed(written) / await compressed(bytes);
  assert.ok(ratio < 0.9, `${ratio}`);
  assert.deepEqual(await restored(written, ARCH, [65_536, 4096, 1]), bytes);
});
