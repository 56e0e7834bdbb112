/**
 * Real recordings lie beside the project, never inside it. A test that wants one is skipped,
 * and says so, where the folder is absent.
 */
const SHARED = new URL("../../../shared/", import.meta.url).pathname;

/** The absolute path of a file under the folder of recordings and models. */
export function sharedPath(name: string): string {
  return SHARED + name;
}

/** True where that file can be read. */
export function hasShared(name: string): boolean {
  try {
    return Deno.statSync(sharedPath(name)).isFile;
  } catch {
    return false;
  }
}

/** Defines a test that needs files from beside the project, and skips it where one is missing. */
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
