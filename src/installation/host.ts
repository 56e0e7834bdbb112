import {
  copyProgram,
  enableInImage,
  exists,
  type FolderRemoval,
  hasSystemd,
  listFolder,
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
import { ACCOUNT, PACKAGE_PATHS, PATHS, type Service } from "./paths.ts";
import type { PlannedFile } from "./secrets.ts";

/** A system to install into, and what an installation does to it. */
export interface Host {
  /** The root folder of an image without a trailing slash; empty for the running system. */
  readonly root: string;
  /** True if systemd manages the system, or will when the image starts. */
  readonly usesSystemd: boolean;
  /** The version of systemd, if it was found. */
  readonly systemdVersion: number | undefined;
  /** Returns the text of a file; undefined if it cannot be read. */
  readFile(path: string): string | undefined;
  /** Returns the names in a folder, in order; none if it cannot be read. */
  listFolder(path: string): readonly string[];
  exists(path: string): boolean;
  /** True if the Debian package is installed. */
  readonly hasPackage: boolean;
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
  makeStateFolder(service: Service): void;
  /** Enables the service of an image. */
  enable(service: Service): void;
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
    readFile: (path) => readFile(system, path),
    listFolder: (path) => listFolder(system, path),
    exists: (path) => exists(system, path),
    hasPackage: exists(system, PACKAGE_PATHS.unit),
    copyProgram: (from) => copyProgram(system, { from, to: PATHS.program }),
    unpackProgram: (program) => unpackProgram(program, system.root + PATHS.programFolder),
    writeFile: (file) => writeFile(system, file),
    remove: (path) => remove(system, path),
    removeEmptyFolder: (path) => removeEmptyFolder(system, path),
    addAccount: () => addAccount(ACCOUNT, PATHS.stateFolder),
    removeAccount: () => removeAccount(ACCOUNT),
    makeStateFolder: ({ stateFolder }) =>
      makeFolder(system.root + stateFolder, system.root ? {} : { owner: ACCOUNT }),
    enable: ({ wants }) => enableInImage(system, wants.unit, wants.link),
    systemctl,
    removeUnpackedProgram: () => removeUnpackedProgram(Deno.env.toObject()),
  };
}
