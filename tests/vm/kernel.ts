import type { ArchiveEntry } from "./archive.ts";
import type { MachineArch } from "./emulator.ts";

/** Folder into which `scripts/virtual_machine.sh` unpacks Debian's kernel. */
const KERNEL = Deno.env.get("TEST_KERNEL") ??
  new URL("../../.tools/vm/kernel", import.meta.url).pathname;

/** An unpacked `linux-image` package of Debian. */
export interface Kernel {
  readonly arch: MachineArch;
  /** Path of the compressed kernel. */
  readonly image: string;
  readonly version: string;
  /** Folder into which the package was unpacked. */
  readonly folder: string;
}

/**
 * Finds the kernel in a folder.
 *
 * @throws {Error} if the folder contains no kernel
 */
export function findKernel(folder = KERNEL, arch: MachineArch = "x64"): Kernel {
  const [version] = [...Deno.readDirSync(`${folder}/lib/modules`)].map(({ name }) => name);
  if (!version) throw new Error(`Cannot find a kernel in ${folder}: run scripts/test_camera_vm`);
  return { arch, image: `${folder}/boot/vmlinuz-${version}`, version, folder };
}

/**
 * Returns the files of kernel modules and of their dependencies, with the list that modprobe reads.
 *
 * @throws {Error} if the kernel has no module of a name
 */
export function moduleEntries(kernel: Kernel, names: readonly string[]): ArchiveEntry[] {
  const root = `/lib/modules/${kernel.version}`;
  const list = Deno.readTextFileSync(`${kernel.folder}${root}/modules.dep`);
  const dependencies = new Map<string, readonly string[]>();
  for (const line of list.split("\n")) {
    const [path, rest] = line.split(":");
    if (path && rest !== undefined) dependencies.set(path, rest.trim().split(" ").filter(Boolean));
  }
  const files = new Set<string>();
  for (const name of names) {
    const path = [...dependencies.keys()].find((key) => key.endsWith(`/${name}.ko`));
    if (!path) throw new Error(`Cannot find the module ${name} of the kernel ${kernel.version}`);
    for (const file of [path, ...dependencies.get(path)!]) files.add(file);
  }
  const lines = [...files].map((path) => `${path}: ${dependencies.get(path)!.join(" ")}\n`);
  return [
    ...[...files].map((path): ArchiveEntry => {
      const target = `${root}/${path}`;
      return { path: target, kind: "file", source: kernel.folder + target };
    }),
    {
      path: `${root}/modules.dep`,
      kind: "file",
      source: new TextEncoder().encode(lines.join("")),
    },
  ];
}

/**
 * Returns programs, by their paths in the machine, and the shared libraries that they and `libraries`
 * load.
 */
export async function programEntries(
  programs: Readonly<Record<string, string>>,
  libraries: readonly string[] = [],
): Promise<ArchiveEntry[]> {
  const entries = new Map<string, ArchiveEntry>();
  for (const [path, source] of Object.entries(programs)) {
    entries.set(path, { path, kind: "file", source });
  }
  for (const file of [...Object.values(programs), ...libraries]) {
    const { stdout } = await new Deno.Command("ldd", { args: [file], stderr: "null" }).output();
    for (const [, library] of new TextDecoder().decode(stdout).matchAll(/(\/\S+) \(0x/g)) {
      entries.set(library!, { path: library!, kind: "file", source: library! });
    }
  }
  return [...entries.values()];
}
