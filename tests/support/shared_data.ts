/**
 * Folder of recordings and models, which are not part of the repository: TEST_DATA, or
 * `shared` beside the checkout. They are an addition: each accuracy that is tested with them is
 * tested in every clone too, with seeded clips and signals.
 */
const FOLDER = Deno.env.get("TEST_DATA") ??
  new URL("../../../shared", import.meta.url).pathname;

/** True if this machine has the folder; a clean clone does not. */
const HAS_FOLDER = isDirectory(FOLDER);

/** The absolute path of a file in the folder of recordings and models. */
export function sharedPath(name: string): string {
  return `${FOLDER}/${name}`;
}

/** True if the file exists. */
export function hasShared(name: string): boolean {
  try {
    return Deno.statSync(sharedPath(name)).isFile;
  } catch {
    return false;
  }
}

/**
 * Defines a test that needs files of the data folder. Without the folder, as in a clean clone, it
 * is not defined; with the folder it is skipped if one of the files is missing.
 */
export function testWithShared(
  name: string,
  files: readonly string[],
  run: (paths: readonly string[]) => Promise<void> | void,
): void {
  if (!HAS_FOLDER) return;
  const missing = files.filter((file) => !hasShared(file));
  Deno.test({
    name: missing.length ? `${name} (skipped: no ${missing.join(", ")})` : name,
    ignore: missing.length > 0,
    fn: () => run(files.map(sharedPath)),
  });
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
