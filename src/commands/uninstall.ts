import type { CommandContext } from "./command.ts";
import { PATHS, SERVICE } from "../installation/paths.ts";
import {
  hasSystemd,
  remove,
  removeUnpackedProgram,
  type System,
  systemctl,
} from "../installation/system.ts";

/** Removes everything that `install` and the service have written. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const root = (settings.install.root ?? "").replace(/\/+$/, "");
  const live = !root && hasSystemd();
  // systemd removes the state folder of a service with a dynamic user itself.
  const files = [PATHS.unit, PATHS.configFolder, PATHS.program];
  const paths = live ? files : [...files, PATHS.wantsLink, PATHS.stateFolder];
  const before = live ? [["disable", "--now", SERVICE], ["clean", "--what=all", SERVICE]] : [];
  const after = live ? [["daemon-reload"], ["reset-failed", SERVICE]] : [];

  if (settings.install.dryRun) {
    for (const step of before) print(`# Run systemctl ${step.join(" ")}`);
    for (const path of paths) print(`# Remove ${root}${path}`);
    for (const step of after) print(`# Run systemctl ${step.join(" ")}`);
    return 0;
  }
  const system: System = { root, print };
  // A step may have been done before; the remaining files are removed anyway.
  for (const step of before) await systemctl(step, { allowFailure: true });
  const removed = paths.filter((path) => remove(system, path));
  for (const step of after) await systemctl(step, { allowFailure: true });
  removeUnpackedProgram(Deno.env.toObject());
  print(removed.length > 0 ? `Removed ${removed.join(", ")}` : "Nothing was installed");
  return 0;
}
