/** One entry of a cpio archive in the "newc" format, which the kernel unpacks as initramfs. */
export type ArchiveEntry =
  | { readonly path: string; readonly kind: "file"; readonly source: string | Uint8Array }
  | { readonly path: string; readonly kind: "folder" }
  | { readonly path: string; readonly kind: "link"; readonly to: string };

const MODES = { file: 0o100755, folder: 0o040755, link: 0o120777 } as const;

const encoder = new TextEncoder();

/** Writes an archive with the entries and their parent folders to the file `output`. */
export async function writeArchive(
  output: string,
  entries: readonly ArchiveEntry[],
): Promise<void> {
  using file = await Deno.create(output);
  const folders = new Set<string>();
  let inode = 1;

  const write = async (path: string, mode: number, data: Uint8Array) => {
    const name = encoder.encode(path.replace(/^\//, "") + "\0");
    const fields = [inode++, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
    const header = "070701" + fields.map((f) => f.toString(16).padStart(8, "0")).join("");
    for (const part of [[encoder.encode(header), name], [data]]) await writePadded(file, part);
  };

  for (const entry of entries) {
    for (const folder of parents(entry.path)) {
      if (folders.has(folder)) continue;
      folders.add(folder);
      await write(folder, MODES.folder, new Uint8Array());
    }
    if (entry.kind === "folder" && folders.has(entry.path)) continue;
    if (entry.kind === "folder") folders.add(entry.path);
    await write(entry.path, MODES[entry.kind], await contents(entry));
  }
  await write("TRAILER!!!", 0, new Uint8Array());
}

async function contents(entry: ArchiveEntry): Promise<Uint8Array> {
  if (entry.kind === "link") return encoder.encode(entry.to);
  if (entry.kind === "folder") return new Uint8Array();
  return typeof entry.source === "string" ? await Deno.readFile(entry.source) : entry.source;
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, i) => "/" + parts.slice(0, i + 1).join("/"));
}

/** Writes the parts and pads them together to a multiple of four bytes, as the format requires. */
async function writePadded(file: Deno.FsFile, parts: readonly Uint8Array[]): Promise<void> {
  let size = 0;
  for (const part of parts) {
    size += part.length;
    for (let offset = 0; offset < part.length;) {
      offset += await file.write(part.subarray(offset));
    }
  }
  await file.write(new Uint8Array((4 - size % 4) % 4));
}
