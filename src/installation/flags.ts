import { bool, optionalPath, topic } from "../config/flag.ts";
import { definedPaths, type PermissionsOf } from "../config/permissions.ts";

export const installFlags = topic("Installation", ["install", "uninstall"], {
  dryRun: bool("dry_run", "Print the actions without performing them."),
  root: optionalPath(
    "root",
    "Folder of the root file system to change, such as a mounted SD card image.",
    { placeholder: "FOLDER" },
  ),
});

export const installPermissions: PermissionsOf<unknown> = (_settings, { env }) => ({
  read: true,
  write: true,
  run: ["systemctl", "useradd", "userdel", ...definedPaths(env["PHYSIOLOGY_EXECUTABLE"])],
});
