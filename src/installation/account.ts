import { UnavailableError } from "../base/errors.ts";
import { runProgram } from "./run_program.ts";

interface AccountIds {
  readonly uid: number;
  readonly gid: number;
}

/** Returns the ids of a local account (passwd(5)); undefined if there is none. */
export function accountIds(name: string): AccountIds | undefined {
  const line = Deno.readTextFileSync("/etc/passwd").split("\n")
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return line === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/**
 * Creates an account without a password, which may use cameras, if there is none of this name.
 *
 * @throws {UnavailableError} if useradd fails or is not installed
 */
export async function addAccount(name: string, home: string): Promise<void> {
  if (accountIds(name)) return;
  const shell = "/usr/sbin/nologin";
  await runProgram("useradd", [
    ...["--system", "--user-group", "--no-create-home", "--home-dir", home, "--shell", shell],
    ...["--groups", "video", name],
  ]);
}

/** Removes an account, if it exists. */
export async function removeAccount(name: string): Promise<void> {
  if (accountIds(name)) await runProgram("userdel", [name]);
}

/**
 * Makes an account the owner of a file or folder.
 *
 * @throws {UnavailableError} if there is no account of this name
 */
export function changeOwner(path: string, name: string): void {
  const ids = accountIds(name);
  if (!ids) throw new UnavailableError(`Cannot find the account: ${name}`);
  Deno.chownSync(path, ids.uid, ids.gid);
}
