/** Writes files by their absolute paths below `root`, with folders that every user can read. */
export function writeTree(
  root: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
  modeOf: (path: string) => number,
): void {
  for (const [path, content] of Object.entries(contents)) {
    makeFolders(root, path.slice(0, path.lastIndexOf("/")));
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(root + path, bytes);
    Deno.chmodSync(root + path, modeOf(path)); // whatever the umask is
  }
}

/** Makes the folder `path` below `root`, and its parents, with mode 0755. */
export function makeFolders(root: string, path: string): void {
  const names = path.split("/").filter(Boolean);
  for (let depth = 0; depth <= names.length; depth++) {
    const folder = [root, ...names.slice(0, depth)].join("/");
    Deno.mkdirSync(folder, { recursive: true });
    Deno.chmodSync(folder, 0o755);
  }
}

/** Sets the times of a folder and all that is in it, in seconds since the Unix epoch. */
export function fixTimes(path: string, epochS: number): void {
  if (Deno.lstatSync(path).isSymlink) return;
  if (Deno.statSync(path).isDirectory) {
    for (const { name } of Deno.readDirSync(path)) fixTimes(`${path}/${name}`, epochS);
  }
  Deno.utimeSync(path, epochS, epochS);
}
