import { commandInfo, VISIBLE_COMMANDS } from "../command_names.ts";
import { environmentName, type Flag } from "../flag.ts";
import type { FlagTable } from "../flag_table.ts";
import { VERSION } from "../../base/version.ts";
import { flagNotes, flagUsage } from "./help.ts";

/** Returns the manual page (section 1) in roff with the man macros. */
export function manualPage(table: FlagTable): string {
  const titles = [...new Set(table.entries.map(({ title }) => title))];
  return [
    `.TH PHYSIOLOGY_SERVER 1 "" "physiology_server ${VERSION}" "User Commands"`,
    ".SH NAME",
    "physiology_server \\- measure pulse and breathing with a camera and publish them",
    ".SH SYNOPSIS",
    ".B physiology_server",
    "[\\fICOMMAND\\fR] [\\fB\\-\\-flag\\fR=\\fIvalue\\fR ...]",
    ".SH COMMANDS",
    ...VISIBLE_COMMANDS.flatMap((
      name,
    ) => [".TP", `.B ${roff(name)}`, roff(commandInfo(name).summary)]),
    ".SH FLAGS",
    "Precedence, highest first: flag, environment variable, key of the JSON file, default.",
    ...titles.flatMap((title) => [
      `.SS ${roff(title)}`,
      ...table.entries.filter((entry) => entry.title === title)
        .flatMap(({ flag }) => flagEntry(flag)),
    ]),
    ".SH EXIT STATUS",
    "0 success, 1 not good enough (check-camera, validate), 64 usage error, 69 service or device unavailable, 70 internal error, " +
    "78 configuration error.",
    ".SH NOTES",
    "This is not a medical device.",
    "",
  ].join("\n");
}

function flagEntry(flag: Flag): string[] {
  const notes = flagNotes(flag);
  const key = flag.file ? `; key ${flag.file.key}` : "";
  return [
    ".TP",
    `.B ${roff(flagUsage(flag))}`,
    roff(flag.help + (notes ? ` (${notes})` : "")),
    ...flag.action ? [] : [roff(`[${environmentName(flag)}${key}]`)],
  ];
}

function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/, "\\&$1");
}
