import type { Host } from "./host.ts";
import { ACCOUNT, PATHS, SERVICE } from "./paths.ts";

interface Removal {
  /** The calls of systemctl before and after the removal. */
  readonly before: readonly (readonly string[])[];
  readonly paths: readonly string[];
  readonly after: readonly (readonly string[])[];
}

/** The paths that `uninstall()` has removed, and those that it has left. */
export interface Uninstalled {
  readonly removed: readonly string[];
  /** Folders that contain files of the user. */
  readonly kept: readonly string[];
}

/** @param files those that `install` may have written to the configuration folder. */
function removalFrom({ root, usesSystemd }: Host, files: readonly string[]): Removal {
  const paths = [PATHS.unit, ...files, PATHS.program, PATHS.programFolder];
  if (root || !usesSystemd) {
    return { before: [], paths: [...paths, PATHS.wantsLink, PATHS.stateFolder], after: [] };
  }
  return {
    before: [["disable", "--now", SERVICE], ["clean", "--what=all", SERVICE]],
    // systemd removes the state folder of a service with a dynamic user itself.
    paths,
    after: [["daemon-reload"], ["reset-failed", SERVICE]],
  };
}

/** Returns what `uninstall()` would do, as sentences. */
export function describeUninstall(host: Host, files: readonly string[]): string[] {
  const { before, paths, after } = removalFrom(host, files);
  const run = (step: readonly string[]) => `# Run systemctl ${step.join(" ")}`;
  const remove = (path: string) => `# Remove ${host.root}${path}`;
  return [
    ...before.map(run),
    ...paths.map(remove),
    `${remove(PATHS.configFolder)} if it is empty`,
    ...after.map(run),
    ...host.usesSystemd ? [] : [`# Remove the account ${ACCOUNT}`],
  ];
}

/**
 * Removes everything that `install` and the service have written.
 *
 * @param files those that `install` may have written to the configuration folder; others are the
 * user's, such as a CA certificate, and stay.
 */
export async function uninstall(host: Host, files: readonly string[]): Promise<Uninstalled> {
  const { before, paths, after } = removalFrom(host, files);
  // A step may have been done before; the remaining files are removed anyway.
  for (const step of before) await host.systemctl(step, { allowFailure: true });
  const removed = paths.filter((path) => host.remove(path));
  const folder = host.removeEmptyFolder(PATHS.configFolder);
  for (const step of after) await host.systemctl(step, { allowFailure: true });
  if (!host.usesSystemd) await host.removeAccount();
  host.removeUnpackedProgram();
  return {
    removed: folder === "removed" ? [...removed, PATHS.configFolder] : removed,
    kept: folder === "not_empty" ? [PATHS.configFolder] : [],
  };
}
