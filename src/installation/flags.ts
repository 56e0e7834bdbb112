import { bool, optionalPath, optionalText, topic, type ValuesOf } from "../config/flag.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";
import { INSTANCE_NAME, PATHS } from "./paths.ts";

export const installFlags = topic("Installation", ["install", "uninstall"], {
  dryRun: bool("dry_run", "Print the actions without performing them."),
  instance: optionalText(
    "instance",
    "Name of the service of one of several cameras, which has its own key prefix, ports, spool and " +
      "configuration; without it, the only service.",
    { placeholder: "NAME", pattern: INSTANCE_NAME },
  ),
  root: optionalPath(
    "root",
    "Folder of the root file system to change, such as a mounted SD card image.",
    { placeholder: "FOLDER" },
  ),
  provision: optionalPath(
    "provision",
    "JSON file with the flags of many devices by their host names; the flags of this one are used.",
    { commands: ["install"] },
  ),
  suggest: bool(
    "suggest",
    "Print a command for each camera that installs a service for it, with the path that stays the " +
      "same after a restart.",
    { commands: ["devices"] },
  ),
});

export const installPermissions: PermissionsOf<unknown> = (_settings, { env }) => ({
  read: true,
  write: true,
  run: ["systemctl", "useradd", "userdel", ...definedPaths(env["PHYSIOLOGY_EXECUTABLE"])],
});

interface WithInstall {
  readonly install: ValuesOf<typeof installFlags>;
}

/** The files with the flags of the installed services. */
export const installedPermissions: PermissionsOf<WithInstall> = ({ install }) =>
  install.suggest ? { read: [PATHS.unitFolder] } : {};
