import { selectedSources } from "../app/flags.ts";
import { peersOf } from "../app/peers.ts";
import { permissionsFor, programContext } from "../app/permissions.ts";
import { assetPath } from "../base/assets.ts";
import { EXIT } from "../base/errors.ts";
import { hostAt } from "../installation/host.ts";
import { describeInstall, install } from "../installation/install.ts";
import { SERVICE } from "../installation/paths.ts";
import { planService } from "../installation/plan.ts";
import type { CommandContext } from "./command.ts";

/** Installs the program as a service that starts at every boot with the given flags. */
export async function run(context: CommandContext): Promise<number> {
  const { settings, print } = context;
  const template = Deno.readTextFileSync(`${assetPath("config")}/physiology_server.service`);
  const host = hostAt(settings.install.root);
  const plan = planService(context, template, {
    hasInput: selectedSources(settings).length > 0,
    peers: peersOf(settings, programContext()),
    writes: permissionsFor("serve", settings, programContext())?.write ?? [],
    systemd: host.usesSystemd ? host.systemdVersion : "none",
    installed: host.usesSystemd ? host.installedUnit : undefined,
  });
  const options = { host, program: Deno.env.get("PHYSIOLOGY_EXECUTABLE") };
  if (settings.install.dryRun) {
    for (const text of describeInstall(plan, options)) print(text);
    return EXIT.ok;
  }
  await install(plan, options);
  print(
    `Installed ${SERVICE}. Status: systemctl status physiology_server. ` +
      "Log: journalctl -u physiology_server. Remove it with: physiology_server uninstall",
  );
  return EXIT.ok;
}
