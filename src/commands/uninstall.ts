import { EXIT } from "../base/errors.ts";
import { hostAt } from "../installation/host.ts";
import { describeUninstall, uninstall } from "../installation/uninstall.ts";
import type { CommandContext } from "./command.ts";

/** Removes everything that `install` and the service have written. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const host = hostAt(settings.install.root);
  if (settings.install.dryRun) {
    for (const text of describeUninstall(host)) print(text);
    return EXIT.ok;
  }
  const removed = await uninstall(host);
  print(removed.length > 0 ? `Removed ${removed.join(", ")}` : "Nothing was installed");
  return EXIT.ok;
}
