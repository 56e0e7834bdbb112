import { packedProgram } from "../support/packed_program.ts";
import type { ArchiveEntry } from "./archive.ts";
import { findKernel, programEntries } from "./kernel.ts";
import { Machine } from "./machine.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** Folder of the native test programs. */
export const BUILD = `${ROOT}ffi/native/build/x64`;

/** Boots a machine with the packed server in `/bin`. */
export async function bootWithProgram(
  folder: string,
  { modules, programs, files = [] }: {
    readonly modules: readonly string[];
    readonly programs: Readonly<Record<string, string>>;
    readonly files?: readonly ArchiveEntry[];
  },
): Promise<Machine> {
  const program = await packedProgram(folder);
  const entries = await programEntries(
    { ...programs, "/bin/physiology_server": program },
    [`${ROOT}.tools/x64/deno`, `${ROOT}.tools/x64/libonnxruntime.so.1`],
  );
  return await Machine.boot({
    kernel: findKernel(),
    modules,
    megabytes: 2048,
    files: [...entries, ...files],
  });
}
