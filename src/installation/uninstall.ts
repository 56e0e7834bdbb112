import type { Host } from "./host.ts";
import { PATHS, SERVICE } from "./paths.ts";

interface Removal {
  /** The calls of systemctl before and after the removal. */
  readonly before: readonly (readonly string[])[];
  readonly paths: readonly string[];
  readonly after: readonly (readonly string[])[];
}

function removalFrom({ root, usesSystemd }: Host): Removal {
  const files = [PATHS.unit, PATHS.configFolder, PATHS.program];
  if (root || !usesSystemd) {
    return { before: [], paths: [...files, PATHS.wantsLink, PATHS.stateFolder], after: [] };
  }
  return {
    before: [["disable", "--now", SERVICE], ["clean", "--what=all", SERVICE]],
    // systemd removes the state folder of a service with a dynamic user itself.
    paths: files,
    after: [["daemon-reload"], ["reset-failed", SERVICE]],
  };
}

/** Returns what `uninstall()` would do, as sentences. */
export function describeUninstall(host: Host): string[] {
  const { before, paths, after } = removalFrom(host);
  const run = (step: readonly string[]) => `# Run systemctl ${step.join(" ")}`;
  const remove = (path: string) => `# Remove ${host.root}${path}`;
  return [...before.map(run), ...paths.map(remove), ...after.map(run)];
}

/** Removes everything that `install` and the service have written; returns the paths. */
export async function uninstall(host: Host): Promise<string[]> {
  const { before, paths, after } = removalFrom(host);
  // A step may have been done before; the remaining files are removed anyway.
  for (const step of before) await host.systemctl(step, { allowFailure: true });
  const removed = paths.filter((path) => host.remove(path));
  for (const step of after) await host.systemctl(step, { allowFailure: true });
  host.removeUnpackedProgram();
  return removed;
}
