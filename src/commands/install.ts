import { selectedSources, type Settings } from "../app/flags.ts";
import { peersOf } from "../app/peers.ts";
import { permissionsFor, programContext } from "../app/permissions.ts";
import { assetPath } from "../base/assets.ts";
import { EXIT } from "../base/errors.ts";
import { cameraKind } from "../capture/camera_kind.ts";
import type { SourceKind } from "../capture/source_kind.ts";
import { hostAt } from "../installation/host.ts";
import { describeInstall, install } from "../installation/install.ts";
import { installedServices } from "../installation/installed.ts";
import { rejectPackage } from "../installation/package.ts";
import { serviceOf } from "../installation/paths.ts";
import { planService } from "../installation/plan.ts";
import type { CommandContext } from "./command.ts";

/** Returns the devices that these inputs open besides those of video4linux. */
function devicesOf(
  sources: readonly SourceKind<Settings>[],
  settings: Settings,
): readonly string[] {
  return sources.flatMap((source) => source.devices?.(settings, programContext()) ?? []);
}

/** Installs the program as a service that starts at every boot with the given flags. */
export async function run(context: CommandContext): Promise<number> {
  const { settings, print } = context;
  const service = serviceOf(settings.install.instance);
  const templateName = service.instance === undefined ? "" : "@";
  const template = Deno.readTextFileSync(
    `${assetPath("config")}/physiology_server${templateName}.service`,
  );
  const host = hostAt(settings.install.root);
  rejectPackage(host);
  const services = installedServices(host);
  const sources = selectedSources(settings);
  const plan = planService(context, template, {
    service,
    services,
    hasInput: sources.length > 0,
    devices: devicesOf(sources.length > 0 ? sources : [cameraKind], settings),
    peers: peersOf(settings, programContext()),
    writes: permissionsFor("serve", settings, programContext())?.write ?? [],
    systemd: host.usesSystemd ? host.systemdVersion : "none",
    installed: host.usesSystemd ? host.readFile(service.unit) : undefined,
  });
  const options = { host, service, program: Deno.env.get("PHYSIOLOGY_EXECUTABLE") };
  if (settings.install.dryRun) {
    for (const text of describeInstall(plan, options)) print(text);
    return EXIT.ok;
  }
  await install(plan, options);
  const { id, unitName, instance } = service;
  const selection = instance === undefined ? "" : ` --instance=${instance}`;
  print(
    `Installed ${unitName}. Status: systemctl status ${id}. ` +
      `Log: journalctl -u ${id}. Remove it with: physiology_server uninstall${selection}`,
  );
  return EXIT.ok;
}
