import { reasonOf, UnavailableError } from "./errors.ts";
import { makePrivate } from "./private_files.ts";

/** Random bytes of a generated secret. */
const SECRET_BYTES = 16;
const SECRET = /^[0-9a-f]{32}$/;

/** A secret and the file that keeps it from one start to the next. */
export interface KeptSecret {
  readonly path: string;
  readonly value: string;
}

/**
 * Reads a secret of 32 hexadecimal digits, or generates it if the file has none.
 *
 * @throws {UnavailableError} if the file cannot be read or written
 */
export async function keepSecret(folder: string, name: string): Promise<KeptSecret> {
  const path = `${folder}/${name}`;
  try {
    const kept = await readText(path);
    if (kept !== undefined && SECRET.test(kept.trim())) {
      await makePrivate(path);
      return { path, value: kept.trim() };
    }
    const value = crypto.getRandomValues(new Uint8Array(SECRET_BYTES)).toHex();
    // Renamed, so that two programs that start at once never read half a secret.
    const written = `${path}.${crypto.randomUUID()}`;
    await Deno.writeTextFile(written, `${value}\n`, { mode: 0o600, createNew: true });
    await Deno.rename(written, path);
    return { path, value };
  } catch (cause) {
    throw new UnavailableError(`Cannot keep a secret in ${path}: ${reasonOf(cause)}`, { cause });
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
