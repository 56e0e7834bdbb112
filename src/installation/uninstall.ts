import type { Host } from "./host.ts";
import { type InstalledService, installedServices } from "./installed.ts";
import { ACCOUNT, PATHS, type Service, serviceOf } from "./paths.ts";

/** What is removed, and from which system. */
export interface UninstallOptions {
  readonly host: Host;
  /** @default the service without a name */
  readonly service?: Service;
  /**
   * The files that `install` may have written to the configuration folder; others are the user's,
   * such as a CA certificate, and stay.
   */
  readonly files: readonly string[];
}

interface Removal {
  /** The calls of systemctl before and after the removal. */
  readonly before: readonly (readonly string[])[];
  readonly paths: readonly string[];
  /** The folders that are removed if they are empty, without those that are shared. */
  readonly emptyFolders: readonly string[];
  readonly after: readonly (readonly string[])[];
  /** The services that need the program still. */
  readonly users: readonly Service[];
}

/** The paths that `uninstall()` has removed, and those that it has left. */
export interface Uninstalled {
  readonly removed: readonly string[];
  /** Folders that contain files of the user. */
  readonly kept: readonly string[];
  /** The services that need the program still. */
  readonly users: readonly Service[];
}

/** Returns the installed services except this one. */
function otherServices(host: Host, service: Service): Service[] {
  const others = installedServices(host).map((each: InstalledService) => each.service)
    .filter(({ id }) => id !== service.id);
  const single = serviceOf();
  // Without systemd, the service without a name has no unit.
  const runsByCron = !host.usesSystemd && service.instance !== undefined &&
    host.exists(single.stateFolder);
  return runsByCron && !others.some(({ id }) => id === single.id) ? [single, ...others] : others;
}

function removalFrom({ host, service = serviceOf(), files }: UninstallOptions): Removal {
  const { root, usesSystemd } = host;
  const { instance, unit, unitName, configFolder, stateFolder, wants } = service;
  const users = otherServices(host, service);
  const isLastInstance = instance !== undefined &&
    users.every((other) => other.instance === undefined);
  const paths = [
    unit,
    ...isLastInstance ? [PATHS.instanceUnit] : [],
    ...files,
    ...users.length === 0 ? [PATHS.program, PATHS.programFolder] : [],
  ];
  const emptyFolders = [
    ...instance === undefined ? [] : [unit.replace(/\/[^/]*$/, "")],
    configFolder,
  ];
  if (root || !usesSystemd) {
    const all = [...paths, wants.link, stateFolder];
    return { before: [], paths: all, emptyFolders, after: [], users };
  }
  return {
    before: [["disable", "--now", unitName], ["clean", "--what=all", unitName]],
    // systemd removes the state folder of a service with a dynamic user itself.
    paths,
    emptyFolders,
    after: [["daemon-reload"], ["reset-failed", unitName]],
    users,
  };
}

/** Returns what `uninstall()` would do, as sentences. */
export function describeUninstall(options: UninstallOptions): string[] {
  const { before, paths, emptyFolders, after, users } = removalFrom(options);
  const { host } = options;
  const run = (step: readonly string[]) => `# Run systemctl ${step.join(" ")}`;
  const remove = (path: string) => `# Remove ${host.root}${path}`;
  return [
    ...before.map(run),
    ...paths.map(remove),
    ...emptyFolders.map((path) => `${remove(path)} if it is empty`),
    ...after.map(run),
    ...host.usesSystemd || users.length > 0 ? [] : [`# Remove the account ${ACCOUNT}`],
  ];
}

/**
 * Removes everything that `install` and the service have written, except what other services use.
 */
export async function uninstall(options: UninstallOptions): Promise<Uninstalled> {
  const { before, paths, emptyFolders, after, users } = removalFrom(options);
  const { host } = options;
  // A step may have been done before; the remaining files are removed anyway.
  for (const step of before) await host.systemctl(step, { allowFailure: true });
  const removed = paths.filter((path) => host.remove(path));
  const folders = emptyFolders.map((path) => ({ path, state: host.removeEmptyFolder(path) }));
  for (const step of after) await host.systemctl(step, { allowFailure: true });
  if (!host.usesSystemd && users.length === 0) await host.removeAccount();
  host.removeUnpackedProgram();
  const inState = (state: string) =>
    folders.filter((each) => each.state === state).map(({ path }) => path);
  return { removed: [...removed, ...inState("removed")], kept: inState("not_empty"), users };
}
