import { ConfigError } from "../../base/errors.ts";
import { openPrivateFolder } from "../../base/private_files.ts";

const NAME = "physiology_server";

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
  await openPrivateFolder(path, "set XDG_STATE_HOME to a folder that this user can write to");
  return path;
}
