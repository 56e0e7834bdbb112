import { reasonOf, UnavailableError } from "../base/errors.ts";

/** A system to install into: this one, or an image under a folder. */
export interface System {
  /** Without a slash at its end; empty for this system. */
  readonly root: string;
  readonly print: (text: string) => void;
}

/** Writes a file whole or not at all, with its folders. */
export function writeFile(
  { root }: System,
  file: { readonly path: string; readonly mode: number; readonly text: string },
): void {
  put(root + file.path, (next) => {
    Deno.writeTextFileSync(next, file.text, { mode: file.mode });
    Deno.chmodSync(next, file.mode);
  });
}

/** What stands in a file; undefined where there is none. */
export function readFile({ root }: System, path: string): string | undefined {
  try {
    return Deno.readTextFileSync(root + path);
  } catch {
    return undefined;
  }
}

/** Copies the program; one that runs from there keeps its old file. */
export function copyProgram({ root }: System, { from, to }: { from: string; to: string }): void {
  if (isSameFile(from, root + to)) return;
  put(root + to, (next) => {
    Deno.copyFileSync(from, next);
    Deno.chmodSync(next, 0o755);
  });
}

/** Makes a folder that only we may enter. */
export function makeFolder(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
}

function put(path: string, write: (next: string) => void): void {
  const next = `${path}.new`;
  try {
    Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
    write(next);
    Deno.renameSync(next, path);
  } catch (cause) {
    const hint = cause instanceof Deno.errors.PermissionDenied ? ": run it as root" : "";
    throw new UnavailableError(`Cannot write ${path}: ${reasonOf(cause)}${hint}`, { cause });
  }
}

function isSameFile(a: string, b: string): boolean {
  try {
    const [one, other] = [Deno.statSync(a), Deno.statSync(b)];
    return one.dev === other.dev && one.ino === other.ino;
  } catch {
    return false;
  }
}

/** What `systemctl enable` does, for an image: its machine may have no systemctl. */
export function enableInImage(system: System, unit: string, link: string): void {
  remove(system, link);
  put(system.root + link, (next) => Deno.symlinkSync(unit, next));
}

/** True where it was there. */
export function remove({ root }: System, path: string): boolean {
  try {
    Deno.removeSync(root + path, { recursive: true });
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    const hint = cause instanceof Deno.errors.PermissionDenied ? ": run it as root" : "";
    throw new UnavailableError(`Cannot remove ${root + path}: ${reasonOf(cause)}${hint}`, {
      cause,
    });
  }
}

/** True where systemd runs this system. */
export function hasSystemd(): boolean {
  try {
    return Deno.statSync("/run/systemd/system").isDirectory;
  } catch {
    return false;
  }
}

/** systemd's version, from the name of its own library; undefined where that lies elsewhere. */
export function systemdVersion({ root }: System): number | undefined {
  const folders = ["lib", "usr/lib", "usr/lib64", ...TRIPLES.map((name) => `usr/lib/${name}`)];
  for (const folder of folders) {
    try {
      for (const { name } of Deno.readDirSync(`${root}/${folder}/systemd`)) {
        const version = /^libsystemd-shared-(\d+)/.exec(name)?.[1];
        if (version) return Number(version);
      }
    } catch {
      // Not this system's place.
    }
  }
  return undefined;
}

const TRIPLES = ["aarch64-linux-gnu", "x86_64-linux-gnu"];

/**
 * Runs systemctl.
 *
 * @throws {UnavailableError} with its own words where it fails, unless `may` says that it may.
 */
export async function systemctl(args: readonly string[], may?: "fail"): Promise<void> {
  const { success, stderr } = await new Deno.Command("systemctl", {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success || may) return;
  const reason = new TextDecoder().decode(stderr).trim().split("\n").join("; ");
  throw new UnavailableError(`Cannot run systemctl ${args.join(" ")}: ${reason}`);
}

/**
 * Removes what this run unpacked for itself: after an installation the service has its own, and
 * an uninstallation leaves nothing.
 */
export function removeOwnProgram(env: Readonly<Record<string, string>>): void {
  const place = /^.+\/physiology_server(-\d+)?(?=\/[0-9a-f]{64}$)/
    .exec(env["PHYSIOLOGY_ASSETS"] ?? "")?.[0];
  if (!place || env["STATE_DIRECTORY"] !== undefined) return;
  try {
    Deno.removeSync(place, { recursive: true });
  } catch {
    // Another program of ours unpacks there at this moment.
  }
}
