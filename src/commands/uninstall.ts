import { FLAGS } from "../app/flags.ts";
import { EXIT } from "../base/errors.ts";
import { hostAt } from "../installation/host.ts";
import { rejectPackage } from "../installation/package.ts";
import { serviceOf } from "../installation/paths.ts";
import { installedFiles } from "../installation/plan.ts";
import { describeUninstall, uninstall } from "../installation/uninstall.ts";
import type { CommandContext } from "./command.ts";

/** Removes everything that `install` and the service have written. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const { root, instance, dryRun } = settings.install;
  const host = hostAt(root);
  rejectPackage(host);
  const service = serviceOf(instance);
  const options = { host, service, files: installedFiles(FLAGS, service) };
  if (dryRun) {
    for (const text of describeUninstall(options)) print(text);
    return EXIT.ok;
  }
  const { removed, kept, users } = await uninstall(options);
  print(removed.length > 0 ? `Removed ${removed.join(", ")}` : "Nothing was installed");
  if (kept.length > 0) print(`Kept ${kept.join(", ")}, which contains files of yours`);
  if (users.length > 0) {
    print(`Kept the program, which is used by ${users.map(({ id }) => id).join(", ")}`);
  }
  return EXIT.ok;
}
