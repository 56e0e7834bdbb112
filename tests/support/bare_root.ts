import { existsSync } from "node:fs";
import { ARCH } from "../../src/base/assets.ts";

/** What a program needs of a system: libc with its loader, libgcc, libstdc++, and the kernel. */
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
  /** What lies in it besides, by its place. */
  readonly files: Readonly<Record<string, string>>;
  /** @default this machine's */
  readonly arch?: typeof ARCH;
  /** The system whose libraries are taken. @default "", this machine's */
  readonly system?: string;
}

/** Makes `root` a system that holds libc, libgcc, libstdc++ and `files`, and nothing else. */
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
  for (const [place, source] of Object.entries(files)) {
    Deno.copyFileSync(source, `${root}/${place}`);
  }
}

/** A line of shell that enters `root` in a mount namespace of its own and becomes `"$@"` there. */
export function enterBareRoot(root: string): string {
  // The kernel's own folders are no part of a system's files.
  return `mount -t proc proc ${root}/proc && mount --bind /dev/null ${root}/dev/null &&
    exec chroot ${root} "$@"`;
}
