import { FLAGS } from "../app/flags.ts";
import { EXIT } from "../base/errors.ts";
import { hostAt } from "../installation/host.ts";
import { installedFiles } from "../installation/plan.ts";
import { describeUninstall, uninstall } from "../installation/uninstall.ts";
import type { CommandContext } from "./command.ts";

/** Removes everything that `install` and the service have written. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const host = hostAt(settings.install.root);
  const files = installedFiles(FLAGS);
  if (settings.install.dryRun) {
    for (const text of describeUninstall(host, files)) print(text);
    return EXIT.ok;
  }
  const { removed, kept } = await uninstall(host, files);
  print(removed.length > 0 ? `Removed ${removed.join(", ")}` : "Nothing was installed");
  if (kept.length > 0) print(`Kept ${kept.join(", ")}, which contains files of yours`);
  return EXIT.ok;
}
