import type { CommandContext } from "./command.ts";
import { PLACES, SERVICE } from "../installation/places.ts";
import {
  hasSystemd,
  remove,
  removeOwnProgram,
  type System,
  systemctl,
} from "../installation/system.ts";

/** Removes all that `install` and the service have written. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const root = (settings.install.root ?? "").replace(/\/+$/, "");
  const live = !root && hasSystemd();
  // The state of a service with a user that is made up lies where only systemd knows.
  const places = [PLACES.unit, PLACES.folder, PLACES.program];
  const paths = live ? places : [...places, PLACES.wanted, PLACES.state];
  const before = live ? [["disable", "--now", SERVICE], ["clean", "--what=all", SERVICE]] : [];
  const after = live ? [["daemon-reload"], ["reset-failed", SERVICE]] : [];

  if (settings.install.dryRun) {
    for (const step of before) print(`# Run systemctl ${step.join(" ")}`);
    for (const path of paths) print(`# Remove ${root}${path}`);
    for (const step of after) print(`# Run systemctl ${step.join(" ")}`);
    return 0;
  }
  const system: System = { root, print };
  // Each may have been undone before: what is left is removed all the same.
  for (const step of before) await systemctl(step, "fail");
  const removed = paths.filter((path) => remove(system, path));
  for (const step of after) await systemctl(step, "fail");
  removeOwnProgram(Deno.env.toObject());
  print(removed.length > 0 ? `Removed ${removed.join(", ")}` : "Nothing was installed");
  return 0;
}
