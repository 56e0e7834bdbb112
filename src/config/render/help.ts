import { commandInfo, type CommandName, VISIBLE_COMMANDS } from "../command_names.ts";
import type { Flag } from "../flag.ts";
import type { FlagEntry, FlagTable } from "../flag_table.ts";
import { formatValue } from "../values.ts";

const WIDTH = 92;
const INDENT = 6;

/** Returns the text of `--help`: the commands and all flags of `serve`. */
export function overview(table: FlagTable): string {
  const longest = Math.max(...VISIBLE_COMMANDS.map((name) => name.length));
  return [
    "physiology_server measures pulse and breathing with a camera and publishes them in real time.",
    "",
    "  physiology_server --use_camera                      use a camera, publish to local Redis",
    "  physiology_server --simulate --redis_host=HOST      simulate a camera, use another Redis",
    "  physiology_server COMMAND [--flag=value ...]",
    "",
    "Commands",
    ...VISIBLE_COMMANDS.map((name) => `  ${name.padEnd(longest)}  ${commandInfo(name).summary}`),
    "",
    "physiology_server help COMMAND prints help for a command; help redis prints every flag with",
    "redis in its name. The flags of serve follow. Each can also be set by an environment variable:",
    "PHYSIOLOGY_ and the name in capitals, such as PHYSIOLOGY_REDIS_HOST.",
    "",
    flagSections(table.flagsOf("serve")),
    "",
    "Exit status: 0 success, 1 not good enough (check-camera, validate), 64 usage error,",
    "69 service or device unavailable, 70 internal error, 78 configuration error.",
    "",
    "This is not a medical device.",
  ].join("\n");
}

/** Returns the text of `help COMMAND`. */
export function commandHelp(table: FlagTable, command: CommandName): string {
  const { summary, argument } = commandInfo(command);
  const usage = ["physiology_server", command, argument, "[--flag=value ...]"];
  return [
    usage.filter((part) => part !== undefined).join(" "),
    "",
    summary,
    "",
    flagSections(table.flagsOf(command)),
  ].join("\n");
}

/** Returns the text of `help WORD`: every flag whose name contains the word; may be empty. */
export function flagsHelp(table: FlagTable, word: string): string {
  const part = word.replace(/^-+/, "").replaceAll("-", "_");
  return flagSections(table.entries.filter(({ flag }) => flag.name.includes(part)));
}

function flagSections(entries: readonly FlagEntry[]): string {
  const titles = [...new Set(entries.map(({ title }) => title))];
  return titles.map((title) => {
    const rows = entries.filter((entry) => entry.title === title);
    return [title, ...rows.map(({ flag }) => flagHelp(flag))].join("\n");
  }).join("\n\n");
}

function flagHelp(flag: Flag): string {
  const notes = flagNotes(flag);
  const text = flag.help + (notes ? ` (${notes})` : "");
  return `  ${flagUsage(flag)}\n${wrap(text, { width: WIDTH - INDENT, indent: INDENT })}`;
}

/** Returns the syntax of a flag: `--port=N`, `--[no]loop`. */
export function flagUsage(flag: Flag): string {
  if (flag.action) return `--${flag.name}`;
  return flag.kind === "bool" ? `--[no]${flag.name}` : `--${flag.name}=${flag.placeholder}`;
}

/** Describes the default, the range and the choices of a flag; may be empty. */
export function flagNotes(flag: Flag): string {
  if (flag.action) return "";
  const value = formatValue(flag.default);
  return [
    value === "" ? undefined : `default ${value}`,
    flag.range && `${flag.range[0]} to ${flag.range[1]}`,
    flag.placeholder === flag.choices?.join("|") ? undefined : flag.choices?.join(", "),
  ].filter((note) => note !== undefined).join("; ");
}

/** Wraps a text into lines of at most `width` characters, each indented by `indent` spaces. */
export function wrap(
  text: string,
  { width, indent }: { readonly width: number; readonly indent: number },
): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((each) => " ".repeat(indent) + each).join("\n");
}
