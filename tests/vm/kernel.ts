import type { ArchiveEntry } from "./archive.ts";

/** An unpacked `linux-image` package of Debian. */
export interface Kernel {
  readonly image: string;
  readonly version: string;
  readonly folder: string;
}

/** Finds the kernel that `scripts/test_camera_vm` unpacked. */
export function findKernel(folder: string): Kernel {
  const [version] = [...Deno.readDirSync(`${folder}/lib/modules`)].map(({ name }) => name);
  if (!version) throw new Error(`Cannot find a kernel in ${folder}: run scripts/test_camera_vm`);
  return { image: `${folder}/boot/vmlinuz-${version}`, version, folder };
}

/** The files of these modules and of all that they need, with the list that modprobe reads. */
export function moduleEntries(kernel: Kernel, names: readonly string[]): ArchiveEntry[] {
  const root = `/lib/modules/${kernel.version}`;
  const list = Deno.readTextFileSync(`${kernel.folder}${root}/modules.dep`);
  const needs = new Map<string, readonly string[]>();
  for (const line of list.split("\n")) {
    const [path, rest] = line.split(":");
    if (path && rest !== undefined) needs.set(path, rest.trim().split(" ").filter(Boolean));
  }
  const wanted = new Set<string>();
  for (const name of names) {
    const path = [...needs.keys()].find((key) => key.endsWith(`/${name}.ko`));
    if (!path) throw new Error(`Cannot find the module ${name} of the kernel ${kernel.version}`);
    for (const file of [path, ...needs.get(path)!]) wanted.add(file);
  }
  const dependencies = [...wanted].map((path) => `${path}: ${needs.get(path)!.join(" ")}\n`);
  return [
    ...[...wanted].map((path): ArchiveEntry => {
      const place = `${root}/${path}`;
      return { path: place, kind: "file", source: kernel.folder + place };
    }),
    {
      path: `${root}/modules.dep`,
      kind: "file",
      source: new TextEncoder().encode(dependencies.join("")),
    },
  ];
}

/** These programs and the shared libraries that they load. */
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
