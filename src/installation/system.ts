import { reasonOf, UnavailableError } from "../base/errors.ts";
import { changeOwner } from "./account.ts";
import { PACKAGE_PATHS, PATHS } from "./paths.ts";
import { runProgram } from "./run_program.ts";

/** A system to install into: the running one, or an image mounted at a folder. */
export interface System {
  /** The root folder without a trailing slash; empty for the running system. */
  readonly root: string;
}

/** Writes a file atomically and creates its folders. */
export function writeFile(
  { root }: System,
  file: {
    readonly path: string;
    readonly mode: number;
    readonly text: string;
    readonly owner?: string;
  },
): void {
  replaceFile(root + file.path, (temporary) => {
    Deno.writeTextFileSync(temporary, file.text, { mode: file.mode });
    Deno.chmodSync(temporary, file.mode);
    if (file.owner) changeOwner(temporary, file.owner);
  });
}

/** Reads a file; undefined if it cannot be read. */
export function readFile({ root }: System, path: string): string | undefined {
  try {
    return Deno.readTextFileSync(root + path);
  } catch {
    return undefined;
  }
}

/** Returns the names in a folder, in order; none if it cannot be read. */
export function listFolder({ root }: System, path: string): string[] {
  try {
    return [...Deno.readDirSync(root + path)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** Returns true if there is a file, folder or link at the path. */
export function exists({ root }: System, path: string): boolean {
  try {
    Deno.lstatSync(root + path);
    return true;
  } catch {
    return false;
  }
}

/** Copies the program; a running instance keeps its old file. */
export function copyProgram({ root }: System, { from, to }: { from: string; to: string }): void {
  if (isSameFile(from, root + to)) return;
  replaceFile(root + to, (temporary) => {
    Deno.copyFileSync(from, temporary);
    Deno.chmodSync(temporary, 0o755);
  });
}

/**
 * Creates a folder that only its owner may enter.
 *
 * @param options.owner name of an account. @default this user
 */
export function makeFolder(path: string, { owner }: { readonly owner?: string } = {}): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
  if (owner) changeOwner(path, owner);
}

/** Replaces a file by one that `write` creates. */
function replaceFile(path: string, write: (temporary: string) => void): void {
  const temporary = `${path}.new`;
  try {
    Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
    removeIfPresent(temporary); // left by an interrupted run
    write(temporary);
    Deno.renameSync(temporary, path);
  } catch (cause) {
    removeIfPresent(temporary);
    const hint = cause instanceof Deno.errors.PermissionDenied ? ": run it as root" : "";
    throw new UnavailableError(`Cannot write ${path}: ${reasonOf(cause)}${hint}`, { cause });
  }
}

function removeIfPresent(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It does not exist, or the caller reports why the folder cannot be written.
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

/** Enables a unit in an image, on a machine that may not have systemctl. */
export function enableInImage(system: System, unit: string, link: string): void {
  replaceFile(system.root + link, (temporary) => Deno.symlinkSync(unit, temporary));
}

/** Removes a file or folder; returns true if it existed. */
export function remove({ root }: System, path: string): boolean {
  try {
    Deno.removeSync(root + path, { recursive: true });
    return true;
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return false;
    throw removalError(root + path, cause);
  }
}

/** What happened to a folder that is removed only if it is empty. */
export type FolderRemoval = "removed" | "not_empty" | "missing";

/** Removes a folder if it is empty. */
export function removeEmptyFolder({ root }: System, path: string): FolderRemoval {
  try {
    if ([...Deno.readDirSync(root + path)].length > 0) return "not_empty";
    Deno.removeSync(root + path);
    return "removed";
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return "missing";
    throw removalError(root + path, cause);
  }
}

function removalError(path: string, cause: unknown): UnavailableError {
  const hint = cause instanceof Deno.errors.PermissionDenied ? ": run it as root" : "";
  return new UnavailableError(`Cannot remove ${path}: ${reasonOf(cause)}${hint}`, { cause });
}

/** True if systemd manages the running system (sd_booted(3)). */
export function hasSystemd(): boolean {
  try {
    return Deno.statSync("/run/systemd/system").isDirectory;
  } catch {
    return false;
  }
}

/** Returns the version of systemd from the file name of its library; undefined if not found. */
export function systemdVersion({ root }: System): number | undefined {
  const folders = ["lib", "usr/lib", "usr/lib64", ...TRIPLES.map((name) => `usr/lib/${name}`)];
  for (const folder of folders) {
    try {
      for (const { name } of Deno.readDirSync(`${root}/${folder}/systemd`)) {
        const version = /^libsystemd-shared-(\d+)/.exec(name)?.[1];
        if (version) return Number(version);
      }
    } catch {
      // The folder does not exist on this distribution.
    }
  }
  return undefined;
}

/** The Debian multiarch triplets of the supported architectures. */
const TRIPLES = ["aarch64-linux-gnu", "x86_64-linux-gnu"];

/**
 * Runs systemctl.
 *
 * @throws {UnavailableError} with the output of systemctl if it fails and `allowFailure` is not set
 */
export async function systemctl(
  args: readonly string[],
  { allowFailure = false }: { readonly allowFailure?: boolean } = {},
): Promise<void> {
  if (allowFailure) await runProgram("systemctl", args).catch(() => {});
  else await runProgram("systemctl", args);
}

/**
 * Unpacks a packed program to a folder, where every user may run it and only root may change it.
 *
 * @throws {UnavailableError} if the disk is full
 */
export async function unpackProgram(program: string, folder: string): Promise<void> {
  await runProgram(program, [`--unpack_to=${folder}`]);
}

/**
 * Removes the files that this run has unpacked for this user: an installation has its own, and an
 * uninstallation leaves nothing.
 */
export function removeUnpackedProgram(env: Readonly<Record<string, string>>): void {
  const assets = env["PHYSIOLOGY_ASSETS"] ?? "";
  const installed = [PATHS.programFolder, PACKAGE_PATHS.programFolder];
  if (installed.some((folder) => assets.startsWith(`${folder}/`))) return;
  const folder = /^.+\/physiology_server(-\d+)?(?=\/[0-9a-f]{64}$)/
    .exec(assets)?.[0];
  if (!folder || env["STATE_DIRECTORY"] !== undefined) return;
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch {
    // Another instance is unpacking there at the moment.
  }
}
