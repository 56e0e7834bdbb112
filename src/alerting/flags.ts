import { optionalPath, topic, type ValuesOf } from "../config/flag.ts";
import type { Rule } from "../config/flag_table.ts";
import { combinePermissions, definedPaths, type PermissionsOf } from "../config/permissions.ts";
import { readAlertRules, targetPermissions } from "./targets.ts";

/** The command `alert`. */
export const alertFlags = topic("Alerts", ["alert"], {
  rulesPath: optionalPath(
    "rules",
    "JSON file with the rules of alarms and where to send them; it is read again at SIGHUP.",
  ),
  journalPath: optionalPath(
    "alert_journal",
    "File to which each alert is appended as a line of JSON.",
    { writes: "file" },
  ),
});

export type AlertSettings = ValuesOf<typeof alertFlags>;

interface WithAlert {
  readonly alert: AlertSettings;
}

/** Rule of the command `alert`. */
export const alertRule: Rule<WithAlert> = ({ alert }) =>
  alert.rulesPath === undefined ? "Cannot send alerts without rules: add --rules=FILE" : undefined;

/** The hosts, files and programs that the file of rules names. */
export const alertPermissions: PermissionsOf<WithAlert> = ({ alert }) =>
  combinePermissions([
    { read: definedPaths(alert.rulesPath), write: definedPaths(alert.journalPath) },
    alert.rulesPath === undefined ? {} : targetPermissions(readAlertRules(alert.rulesPath)),
  ]);
