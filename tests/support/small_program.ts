import { packExecutable } from "../../scripts/pack/executable.ts";
import { ARCH } from "../../src/base/assets.ts";

/** A packed program of a few files, with the real launcher. */
export interface SmallProgram {
  /** Its files, as `assembleFiles()` writes them. */
  readonly files: string;
  readonly executable: string;
}

/** Builds a packed program in `folder` whose Deno is a script that prints its arguments. */
export async function smallProgram(folder: string): Promise<SmallProgram> {
  const files = `${folder}/files`;
  Deno.mkdirSync(`${files}/bin`, { recursive: true });
  Deno.writeTextFileSync(
    `${files}/bin/deno`,
    '#!/bin/sh\n[ "$PHYSIOLOGY_STAGE" != plan ] || exit 200\necho "arguments: $*"\n',
  );
  Deno.writeTextFileSync(`${files}/main.js`, "");
  Deno.writeTextFileSync(`${files}/licenses.txt`, "It contains:\n\n  zlib 1.3: Zlib\n\nzlib\n");
  Deno.writeTextFileSync(`${files}/sbom.cdx.json`, "{}\n");
  const executable = `${folder}/physiology_server-linux-${ARCH}`;
  await packExecutable({ arch: ARCH, files, output: executable, level: 1 });
  return { files, executable };
}
