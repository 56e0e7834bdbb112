import { commandInfo, type CommandName, VISIBLE_COMMANDS } from "../command_names.ts";
import { environmentName, type Flag } from "../flag.ts";
import type { FlagEntry, FlagTable } from "../flag_table.ts";
import { showValue } from "../values.ts";

const WIDTH = 92;
const INDENT = 6;

/** What `--help` prints: commands, then all flags of `serve`. */
export function overview(table: FlagTable): string {
  const longest = Math.max(...VISIBLE_COMMANDS.map((name) => name.length));
  return [
    "physiology_server measures pulse and breathing by a camera and publishes them in real time.",
    "",
    "  physiology_server --use_camera                      a camera, to Redis on this machine",
    "  physiology_server --simulate --redis_host=HOST      no camera, to another Redis",
    "  physiology_server COMMAND [--flag=value ...]",
    "",
    "Commands",
    ...VISIBLE_COMMANDS.map((name) => `  ${name.padEnd(longest)}  ${commandInfo(name).summary}`),
    "",
    "physiology_server help COMMAND explains one, help redis the flags with redis in their names.",
    "These are the flags of serve; each is also read from the environment as PHYSIOLOGY_ and its",
    "name in capitals, such as PHYSIOLOGY_REDIS_HOST.",
    "",
    flagSections(table.flagsOf("serve")),
    "",
    "Exit status: 0 stopped as asked, 64 wrong usage, 69 a needed service or device never came,",
    "70 internal fault, 78 bad configuration.",
    "",
    "This is no medical device.",
  ].join("\n");
}

/** What `help COMMAND` prints. */
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

/** What `help WORD` prints: every flag whose name holds the word; empty where there is none. */
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

/** How a flag is written: `--port=N`, `--[no]loop`. */
export function flagUsage(flag: Flag): string {
  if (flag.action) return `--${flag.name}`;
  return flag.kind === "bool" ? `--[no]${flag.name}` : `--${flag.name}=${flag.placeholder}`;
}

/** Default and range of a flag, in a few words; empty where there is nothing to say. */
export function flagNotes(flag: Flag): string {
  if (flag.action) return "";
  const value = showValue(flag.default);
  return [
    value === "" ? undefined : `default ${value}`,
    flag.range && `${flag.range[0]} to ${flag.range[1]}`,
    flag.placeholder === flag.choices?.join("|") ? undefined : flag.choices?.join(", "),
  ].filter((note) => note !== undefined).join("; ");
}

/** The other places that a flag is read from, for documentation. */
export function flagSources(flag: Flag): { environment: string; key?: string } {
  const key = flag.file?.key;
  return { environment: environmentName(flag), ...key === undefined ? {} : { key } };
}

/** Breaks a text into lines of at most `width` characters, each behind `indent` spaces. */
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
