import { bool, optionalPath, topic } from "../config/flag.ts";
import type { PermissionsOf } from "../config/permissions.ts";

export const installFlags = topic("Installation", ["install", "uninstall"], {
  dryRun: bool("dry_run", "Print what would be done and do nothing."),
  root: optionalPath(
    "root",
    "Install into the system that lies under this folder, such as the image of a card.",
    { placeholder: "FOLDER" },
  ),
});

export const installPermissions: PermissionsOf<unknown> = () => ({
  read: true,
  write: true,
  run: ["systemctl"],
});
