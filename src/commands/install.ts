import { selectedSources } from "../app/flags.ts";
import { permissionsFor, programContext } from "../app/permissions.ts";
import { assetPath } from "../base/assets.ts";
import { UnavailableError, UsageError } from "../base/errors.ts";
import type { CommandContext } from "./command.ts";
import { PLACES, SERVICE } from "../installation/places.ts";
import { planService } from "../installation/plan.ts";
import {
  copyProgram,
  enableInImage,
  hasSystemd,
  makeFolder,
  readFile,
  remove,
  removeOwnProgram,
  type System,
  systemctl,
  systemdVersion,
  writeFile,
} from "../installation/system.ts";

/** Makes the program a service of this machine that runs with the given flags from each boot on. */
export async function run(context: CommandContext): Promise<number> {
  const { settings, print } = context;
  const root = (settings.install.root ?? "").replace(/\/+$/, "");
  const template = Deno.readTextFileSync(`${assetPath("config")}/physiology_server.service`);
  const system: System = { root, print };
  const bySystemd = root !== "" || hasSystemd();
  const { files, stale, cron } = planService(context, template, {
    hasInput: selectedSources(settings).length > 0,
    writes: permissionsFor("serve", settings, programContext())?.write ?? [],
    systemd: bySystemd ? systemdVersion(system) : "none",
    installed: bySystemd ? readFile(system, PLACES.unit) : undefined,
  });
  const from = Deno.env.get("PHYSIOLOGY_EXECUTABLE");
  const steps = root ? [] : [["daemon-reload"], ["enable", SERVICE], ["restart", SERVICE]];

  if (settings.install.dryRun) {
    print(`# Copy ${from ?? "the packed program"} to ${root}${PLACES.program}`);
    for (const { path, mode, text, secret } of files) {
      const body = secret ? "***\n" : text;
      print(`# Write ${root}${path}, mode ${mode.toString(8).padStart(4, "0")}\n${body}`);
    }
    if (root) print(`# Link ${root}${PLACES.wanted}`);
    for (const step of steps) print(`# Run systemctl ${step.join(" ")}`);
    if (!bySystemd) print(`# As systemd does not run here, this line of crontab does: ${cron}`);
    return 0;
  }
  if (!from) {
    throw new UsageError(
      "Cannot install from source: make the one executable by 'deno task compile' and install that",
    );
  }
  copyProgram(system, { from, to: PLACES.program });
  for (const file of files) if (bySystemd || file.path !== PLACES.unit) writeFile(system, file);
  for (const path of stale) remove(system, path);
  if (!bySystemd) {
    makeFolder(PLACES.state);
    throw new UnavailableError(
      "Cannot install a service: systemd does not run here: the program and its configuration are " +
        `in place: add this line by crontab -e as root: ${cron}`,
    );
  }
  if (root) enableInImage(system, PLACES.unit, PLACES.wanted);
  for (const step of steps) await systemctl(step);
  removeOwnProgram(Deno.env.toObject());
  print(
    `Installed ${SERVICE}: see it by 'systemctl status physiology_server', its log by ` +
      "'journalctl -u physiology_server', and undo it by 'physiology_server uninstall'",
  );
  return 0;
}
