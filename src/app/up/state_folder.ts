import { ConfigError, reasonOf, UnavailableError } from "../../base/errors.ts";
import { makePrivate } from "../../base/private_files.ts";

const NAME = "physiology_server";
/** Random bytes of a generated secret. */
const SECRET_BYTES = 16;
const SECRET = /^[0-9a-f]{32}$/;

/**
 * Returns the folder in which `up` keeps its secrets, as systemd and the XDG Base Directory
 * Specification name it; undefined if the environment names none.
 */
export function stateFolder(env: Readonly<Record<string, string>>): string | undefined {
  const ofService = env["STATE_DIRECTORY"]?.split(":")[0];
  if (ofService) return ofService;
  const { XDG_STATE_HOME: state, HOME: home } = env;
  // The specification ignores relative paths.
  if (state?.startsWith("/")) return `${state}/${NAME}`;
  return home?.startsWith("/") ? `${home.replace(/\/$/, "")}/.local/state/${NAME}` : undefined;
}

/**
 * Creates the folder, which only its owner can read.
 *
 * @returns its path
 * @throws {ConfigError} if the environment names none
 * @throws {UnavailableError} if it cannot be created, or belongs to another user
 */
export async function openStateFolder(env: Readonly<Record<string, string>>): Promise<string> {
  const path = stateFolder(env);
  if (path === undefined) {
    throw new ConfigError("Cannot find a folder for the token of the page", {
      hint: "set HOME, or XDG_STATE_HOME to a folder of this user",
    });
  }
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new UnavailableError(`Cannot create the folder ${path}: ${reasonOf(cause)}`, {
      hint: "set XDG_STATE_HOME to a folder that this user can write to",
      cause,
    });
  }
  await makePrivate(path);
  return path;
}

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
