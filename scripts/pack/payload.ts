import { createHash } from "node:crypto";
import { writeTargets } from "./branches.ts";
import { type Arch, run } from "./run.ts";

/** Magic number of the payload format in `launcher/payload.h`. */
const MAGIC = "PHYSPAK2";

interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly digest: string;
}

/** All files under `folder`, sorted by path so that builds are reproducible. */
function entriesOf(folder: string): readonly Entry[] {
  const paths = [...filesUnder(folder, "")].sort();
  return paths.map((path) => {
    const bytes = Deno.readFileSync(`${folder}/${path}`);
    return {
      path,
      mode: path.startsWith("bin/") ? 0o755 : 0o644,
      size: bytes.length,
      digest: createHash("sha256").update(bytes).digest("hex"),
    };
  });
}

function* filesUnder(folder: string, prefix: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${folder}/${prefix}`)) {
    if (isDirectory) yield* filesUnder(folder, `${prefix}${name}/`);
    else yield prefix + name;
  }
}

export interface PayloadOptions {
  /** Processor of the machine code in the files. */
  readonly arch: Arch;
  /** Path of the launcher, which precedes the payload in the executable. */
  readonly launcher: string;
  /** Path of the executable. */
  readonly output: string;
  /** Compression level of zstd, 1 to 19. */
  readonly level: number;
  /** False to leave the contents of the files out of the executable. @default true */
  readonly withContents?: boolean;
}

/** Appends `folder` to the launcher as one executable. Returns the SHA-256 of the payload. */
export async function pack(
  folder: string,
  { arch, launcher, output, level, withContents = true }: PayloadOptions,
): Promise<string> {
  const entries = entriesOf(folder);
  const manifest = new TextEncoder().encode(
    entries.map(({ digest, mode, size, path }) => `${digest} ${mode.toString(8)} ${size} ${path}\n`)
      .join(""),
  );
  const archive = withContents
    ? await compress(entries.map(({ path }) => `${folder}/${path}`), { arch, output, level })
    : new Uint8Array();
  const digest = createHash("sha256").update(manifest).update(archive).digest();

  const trailer = new Uint8Array(88);
  const view = new DataView(trailer.buffer);
  trailer.set(new TextEncoder().encode(MAGIC), 0);
  view.setBigUint64(8, BigInt(manifest.length), true);
  view.setBigUint64(16, BigInt(archive.length), true);
  trailer.set(createHash("sha256").update(manifest).digest(), 24);
  trailer.set(digest, 56);
  {
    using file = Deno.openSync(output, { create: true, truncate: true, write: true, mode: 0o755 });
    for (const part of [Deno.readFileSync(launcher), manifest, archive, trailer]) {
      writeAll(file, part);
    }
  }
  Deno.chmodSync(output, 0o755);
  return digest.toString("hex");
}

/** Concatenates files and compresses them, with files beside `output` in the meantime. */
async function compress(
  paths: readonly string[],
  { arch, output, level }: Pick<PayloadOptions, "arch" | "output" | "level">,
): Promise<Uint8Array> {
  const contents = `${output}.contents`;
  const compressed = `${output}.zst`;
  {
    using file = Deno.openSync(contents, { create: true, truncate: true, write: true });
    for (const path of paths) {
      const bytes = Deno.readFileSync(path);
      writeTargets(bytes, arch);
      writeAll(file, bytes);
    }
  }
  await run("zstd", [`-${level}`, "--long=27", "-T0", "-q", "-f", contents, "-o", compressed]);
  const archive = Deno.readFileSync(compressed);
  Deno.removeSync(contents);
  Deno.removeSync(compressed);
  return archive;
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}
