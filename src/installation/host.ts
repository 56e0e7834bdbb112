import {
  copyProgram,
  enableInImage,
  type FolderRemoval,
  hasSystemd,
  makeFolder,
  readFile,
  remove,
  removeEmptyFolder,
  removeUnpackedProgram,
  systemctl,
  systemdVersion,
  unpackProgram,
  writeFile,
} from "./system.ts";
import { addAccount, removeAccount } from "./account.ts";
import { ACCOUNT, PATHS } from "./paths.ts";
import type { PlannedFile } from "./secrets.ts";

/** A system to install into, and what an installation does to it. */
export interface Host {
  /** The root folder of an image without a trailing slash; empty for the running system. */
  readonly root: string;
  /** True if systemd manages the system, or will when the image starts. */
  readonly usesSystemd: boolean;
  /** The version of systemd, if it was found. */
  readonly systemdVersion: number | undefined;
  /** The text of the installed unit, if there is one. */
  readonly installedUnit: string | undefined;
  copyProgram(from: string): void;
  /** Unpacks a packed program to where only root may change it. */
  unpackProgram(program: string): Promise<void>;
  writeFile(file: PlannedFile): void;
  /** Returns true if the file or folder existed. */
  remove(path: string): boolean;
  removeEmptyFolder(path: string): FolderRemoval;
  /** Creates the account that the program has without systemd, if there is none. */
  addAccount(): Promise<void>;
  removeAccount(): Promise<void>;
  makeStateFolder(): void;
  /** Enables the unit of an image. */
  enableUnit(): void;
  systemctl(
    args: readonly string[],
    options?: { readonly allowFailure?: boolean },
  ): Promise<void>;
  removeUnpackedProgram(): void;
}

/** The system whose root file system is at `root`. @default the running system */
export function hostAt(root = ""): Host {
  const system = { root: root.replace(/\/+$/, "") };
  return {
    ...system,
    usesSystemd: system.root !== "" || hasSystemd(),
    systemdVersion: systemdVersion(system),
    installedUnit: readFile(system, PATHS.unit),
    copyProgram: (from) => copyProgram(system, { from, to: PATHS.program }),
    unpackProgram: (program) => unpackProgram(program, system.root + PATHS.programFolder),
    writeFile: (file) => writeFile(system, file),
    remove: (path) => remove(system, path),
    removeEmptyFolder: (path) => removeEmptyFolder(system, path),
    addAccount: () => addAccount(ACCOUNT, PATHS.stateFolder),
    removeAccount: () => removeAccount(ACCOUNT),
    makeStateFolder: () =>
      makeFolder(system.root + PATHS.stateFolder, system.root ? {} : { owner: ACCOUNT }),
    enableUnit: () => enableInImage(system, PATHS.unit, PATHS.wantsLink),
    systemctl,
    removeUnpackedProgram: () => removeUnpackedProgram(Deno.env.toObject()),
  };
}
