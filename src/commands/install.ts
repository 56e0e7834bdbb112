import { selectedSources } from "../app/flags.ts";
import { permissionsFor, programContext } from "../app/permissions.ts";
import { assetPath } from "../base/assets.ts";
import { UnavailableError, UsageError } from "../base/errors.ts";
import type { CommandContext } from "./command.ts";
import { PATHS, SERVICE } from "../installation/paths.ts";
import { planService } from "../installation/plan.ts";
import {
  copyProgram,
  enableInImage,
  hasSystemd,
  makeFolder,
  readFile,
  remove,
  removeUnpackedProgram,
  type System,
  systemctl,
  systemdVersion,
  writeFile,
} from "../installation/system.ts";

/** Installs the program as a service that starts at every boot with the given flags. */
export async function run(context: CommandContext): Promise<number> {
  const { settings, print } = context;
  const root = (settings.install.root ?? "").replace(/\/+$/, "");
  const template = Deno.readTextFileSync(`${assetPath("config")}/physiology_server.service`);
  const system: System = { root, print };
  const usesSystemd = root !== "" || hasSystemd();
  const { files, stale, cron } = planService(context, template, {
    hasInput: selectedSources(settings).length > 0,
    writes: permissionsFor("serve", settings, programContext())?.write ?? [],
    systemd: usesSystemd ? systemdVersion(system) : "none",
    installed: usesSystemd ? readFile(system, PATHS.unit) : undefined,
  });
  const from = Deno.env.get("PHYSIOLOGY_EXECUTABLE");
  const steps = root ? [] : [["daemon-reload"], ["enable", SERVICE], ["restart", SERVICE]];

  if (settings.install.dryRun) {
    print(`# Copy ${from ?? "the packed program"} to ${root}${PATHS.program}`);
    for (const { path, mode, text, secret } of files) {
      const body = secret ? "***\n" : text;
      print(`# Write ${root}${path}, mode ${mode.toString(8).padStart(4, "0")}\n${body}`);
    }
    if (root) print(`# Link ${root}${PATHS.wantsLink}`);
    for (const step of steps) print(`# Run systemctl ${step.join(" ")}`);
    if (!usesSystemd) {
      print(`# systemd is not running here: add this line with crontab -e as root: ${cron}`);
    }
    return 0;
  }
  if (!from) {
    throw new UsageError(
      "Cannot install from source: build the executable with 'deno task compile' and install that",
    );
  }
  copyProgram(system, { from, to: PATHS.program });
  for (const file of files) if (usesSystemd || file.path !== PATHS.unit) writeFile(system, file);
  for (const path of stale) remove(system, path);
  if (!usesSystemd) {
    makeFolder(PATHS.stateFolder);
    throw new UnavailableError(
      "Cannot install a service: systemd is not running here: the program and its configuration " +
        `are in place: add this line with crontab -e as root: ${cron}`,
    );
  }
  if (root) enableInImage(system, PATHS.unit, PATHS.wantsLink);
  for (const step of steps) await systemctl(step);
  removeUnpackedProgram(Deno.env.toObject());
  print(
    `Installed ${SERVICE}. Status: systemctl status physiology_server. ` +
      "Log: journalctl -u physiology_server. Remove it with: physiology_server uninstall",
  );
  return 0;
}
