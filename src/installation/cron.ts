import { quoteForShell } from "../base/shell.ts";
import { ACCOUNT, type Service } from "./paths.ts";

/** Runs a program as its account, and without a way back to the rights of root (setpriv(1)). */
const DROP_ROOT = [
  ...["setpriv", `--reuid=${ACCOUNT}`, `--regid=${ACCOUNT}`, "--init-groups"],
  ...["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"],
];

/**
 * Returns the line for crontab that starts the program at boot and restarts it whenever it exits,
 * except after a usage or configuration error.
 */
export function cronLine(command: readonly string[], { stateFolder }: Service): string {
  const line = [...DROP_ROOT, ...command.map(quoteForShell)].join(" ");
  // cron ends the command at an unescaped percent sign (crontab(5)).
  return (
    `@reboot umask 077; cd ${stateFolder} && while :; do ${line}; ` +
    "case $? in 64|78) break;; esac; sleep 1; done"
  ).replaceAll("%", "\\%");
}
