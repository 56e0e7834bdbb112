import { reasonOf, UnavailableError } from "./errors.ts";

/**
 * Makes every file that this process and its children create readable by their owner alone, with any
 * umask that they inherit: they hold faces and vital signs.
 */
export function makeNewFilesPrivate(): void {
  Deno.umask(0o077);
}

/**
 * Creates a folder that only its owner can read, or hides it from other users if it exists.
 *
 * @param hint what the user can do if it cannot be created
 * @throws {UnavailableError} if it cannot be created, or belongs to another user
 */
export async function openPrivateFolder(path: string, hint: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new UnavailableError(`Cannot create the folder ${path}: ${reasonOf(cause)}`, {
      hint,
      cause,
    });
  }
  await makePrivate(path);
}

/**
 * Removes the rights of other users from a file or folder that exists.
 *
 * @throws {UnavailableError} if it belongs to another user, or its disk has no access rights
 */
export async function makePrivate(path: string): Promise<void> {
  const { mode, isDirectory } = await Deno.stat(path);
  if (((mode ?? 0) & 0o077) === 0) return;
  try {
    await Deno.chmod(path, isDirectory ? 0o700 : 0o600);
  } catch (cause) {
    throw new UnavailableError(
      `Cannot hide ${path} from other users: ${reasonOf(cause)}: remove it, or name another folder`,
      { cause },
    );
  }
}
