import { existsSync } from "node:fs";
import { ARCH } from "../../src/base/assets.ts";

/** The libraries that the packed program needs, beside the loader and the kernel. */
const LIBRARIES = [
  "libc.so.6",
  "libm.so.6",
  "libdl.so.2",
  "libpthread.so.0",
  "librt.so.1",
  "libgcc_s.so.1",
  "libstdc++.so.6",
];

const TRIPLES = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" } as const;

export interface BareRootOptions {
  /** Further files: their path in the root, without the leading slash, and their source. */
  readonly files: Readonly<Record<string, string>>;
  /** @default the architecture of this machine */
  readonly arch?: typeof ARCH;
  /** Root of the system whose libraries are copied. @default "", this machine */
  readonly system?: string;
}

/** Fills `root` with a system of libc, libgcc, libstdc++ and `files`, and nothing else. */
export function makeBareRoot(
  root: string,
  { files, arch = ARCH, system = "" }: BareRootOptions,
): void {
  for (const folder of ["lib64", `lib/${TRIPLES[arch]}`, "proc", "dev"]) {
    Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
  }
  Deno.writeTextFileSync(`${root}/dev/null`, "");
  for (const [path, source] of Object.entries({ ...systemFiles(arch, system), ...files })) {
    Deno.copyFileSync(source, `${root}/${path}`);
  }
}

/**
 * The loader, libc, libgcc and libstdc++ of a system: their paths in a bare root, without the leading
 * slash, and their sources.
 *
 * @param system Root of the system. @default "", this machine
 */
export function systemFiles(arch: typeof ARCH, system = ""): Record<string, string> {
  const triple = TRIPLES[arch];
  const loader = arch === "x64" ? "lib64/ld-linux-x86-64.so.2" : "lib/ld-linux-aarch64.so.1";
  const files: Record<string, string> = { [loader]: `${system}/${loader}` };
  for (const library of LIBRARIES) {
    const found = [`/lib/${triple}`, `/usr/lib/${triple}`]
      .map((folder) => `${system}${folder}/${library}`).find((path) => existsSync(path));
    if (found) files[`lib/${triple}/${library}`] = found;
  }
  return files;
}

/** A shell command that changes into `root`, in the current mount namespace, and executes `"$@"`. */
export function enterBareRoot(root: string): string {
  // Programs expect /proc and /dev/null, which are mounts and no files.
  return `mount -t proc proc ${root}/proc && mount --bind /dev/null ${root}/dev/null &&
    exec chroot ${root} "$@"`;
}
