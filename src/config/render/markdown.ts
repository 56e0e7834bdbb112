import type { CommandName } from "../command_names.ts";
import { environmentName } from "../flag.ts";
import type { FlagEntry, FlagTable } from "../flag_table.ts";
import { flagNotes, flagUsage } from "./help.ts";

/** The page `docs/FLAGS.md`: every row of the flag table. */
export function flagsPage(table: FlagTable): string {
  const titles = [...new Set(table.entries.map(({ title }) => title))];
  return [
    "# Flags",
    "",
    "Made from the flag table by `deno task docs`; do not edit.",
    "",
    "A flag overrides its environment variable, that a key of a JSON file, that the default.",
    "Write `--flag=value` or `--flag value`, for a switch `--flag` or `--noflag`; hyphens stand",
    "for underscores as well. `physiology_server print-config` shows every value in use and where",
    "it came from. The environment variable is `PHYSIOLOGY_` and the flag's name in capitals:",
    `\`${environmentName({ name: "redis_host" })}\`.`,
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

/** A flag of the whole program would list every command there is. */
function commandList(commands: readonly CommandName[]): string {
  return commands.length > 6 ? "all" : commands.join(", ");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
