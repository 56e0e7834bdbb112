import type { CommandName } from "../command_names.ts";
import { environmentName } from "../flag.ts";
import type { FlagEntry, FlagTable } from "../flag_table.ts";
import { flagNotes, flagUsage } from "./help.ts";

const EXAMPLE = environmentName({ name: "redis_host" });

/** Returns the page `docs/FLAGS.md`: every flag. */
export function flagsPage(table: FlagTable): string {
  const titles = [...new Set(table.entries.map(({ title }) => title))];
  return [
    "# Flags",
    "",
    "Generated from the flag table by `deno task docs`; do not edit.",
    "",
    "Precedence, highest first: flag, environment variable, key of the JSON file, default. Write",
    "`--flag=value` or `--flag value`; write `--flag` or `--noflag` for a switch. Hyphens and",
    "underscores are equivalent. The environment variable is `PHYSIOLOGY_` and the name of the flag in",
    `capitals: \`${EXAMPLE}\`. \`physiology_server print-config\` prints every effective value and`,
    "its origin.",
    "",
    ...titles.flatMap((title) =>
      section(title, table.entries.filter((entry) => entry.title === title))
    ),
  ].join("\n").trimEnd() + "\n";
}

function section(title: string, entries: readonly FlagEntry[]): string[] {
  return [
    `## ${title}`,
    "",
    "| Flag | Default, range | Key in the JSON file | Commands | Meaning |",
    "| --- | --- | --- | --- | --- |",
    ...entries.map(({ flag, commands }) =>
      row([
        `\`${flagUsage(flag)}\``,
        flagNotes(flag),
        flag.file ? `\`${flag.file.key}\`` : "",
        commandList(commands),
        flag.help,
      ])
    ),
    "",
  ];
}

/** Formats commands; a flag of the whole program would list all of them. */
function commandList(commands: readonly CommandName[]): string {
  return commands.length > 6 ? "all" : commands.join(", ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
