/**
 * Folder of recordings and models, which are not part of the repository: PHYSIOLOGY_TEST_DATA, or
 * `shared` beside the checkout. Tests that need a file from it are skipped if it is missing.
 */
const FOLDER = Deno.env.get("PHYSIOLOGY_TEST_DATA") ??
  new URL("../../../shared", import.meta.url).pathname;

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

/** Defines a test that needs files of the data folder; it is skipped if one is missing. */
export function testWithShared(
  name: string,
  files: readonly string[],
  run: (paths: readonly string[]) => Promise<void> | void,
): void {
  const missing = files.filter((file) => !hasShared(file));
  Deno.test({
    name: missing.length ? `${name} (skipped: no ${missing.join(", ")})` : name,
    ignore: missing.length > 0,
    fn: () => run(files.map(sharedPath)),
  });
}
