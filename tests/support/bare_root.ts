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
  const triple = arch === "x64" ? "x86_64-linux-gnu" : "aarch64-linux-gnu";
  const loader = arch === "x64" ? "lib64/ld-linux-x86-64.so.2" : "lib/ld-linux-aarch64.so.1";
  for (const folder of ["lib64", `lib/${triple}`, "proc", "dev"]) {
    Deno.mkdirSync(`${root}/${folder}`, { recursive: true });
  }
  for (const library of LIBRARIES) {
    const found = [`/lib/${triple}`, `/usr/lib/${triple}`]
      .map((folder) => `${system}${folder}/${library}`).find((path) => existsSync(path));
    if (found) Deno.copyFileSync(found, `${root}/lib/${triple}/${library}`);
  }
  Deno.copyFileSync(`${system}/${loader}`, `${root}/${loader}`);
  Deno.writeTextFileSync(`${root}/dev/null`, "");
  for (const [path, source] of Object.entries(files)) {
    Deno.copyFileSync(source, `${root}/${path}`);
  }
}

/** A shell command that changes into `root`, in the current mount namespace, and executes `"$@"`. */
export function enterBareRoot(root: string): string {
  // Programs expect /proc and /dev/null, which are mounts and no files.
  return `mount -t proc proc ${root}/proc && mount --bind /dev/null ${root}/dev/null &&
    exec chroot ${root} "$@"`;
}
