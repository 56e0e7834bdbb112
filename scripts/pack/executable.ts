import { pack } from "./payload.ts";
import { type Arch, ROOT, run } from "./run.ts";

export interface ExecutableOptions {
  readonly arch: Arch;
  /** Folder of `assembleFiles()`. */
  readonly files: string;
  /** Path of the executable. */
  readonly output: string;
  /** Compression level of zstd, 1 to 19. */
  readonly level: number;
  /** False for one that starts only where its files are unpacked already. @default true */
  readonly withContents?: boolean;
}

/** Packs files behind the launcher as one executable. Returns the SHA-256 of the payload. */
export async function packExecutable(
  { arch, files, output, level, withContents = true }: ExecutableOptions,
): Promise<string> {
  await run("make", ["-s", "-C", `${ROOT}/launcher`, `ARCH=${arch}`]);
  const launcher = `${ROOT}/launcher/build/${arch}/launcher`;
  const digest = await pack(files, {
    arch,
    launcher,
    output: `${output}.new`,
    level,
    withContents,
  });
  Deno.renameSync(`${output}.new`, output);
  return digest;
}
