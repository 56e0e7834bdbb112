import { commandInfo, type CommandName, commandNamed, COMMANDS } from "./command_names.ts";
import { UsageError } from "../base/errors.ts";
import type { FlagEntry, FlagTable } from "./flag_table.ts";
import { nearest } from "../base/nearest.ts";

/** A parsed command line; its values are still texts. */
export interface CommandLine {
  readonly command: CommandName;
  /** The text of each given flag; the last one, if a flag is repeated. */
  readonly values: ReadonlyMap<FlagEntry, string>;
  /** The word that some commands take: a shell, a command. */
  readonly argument?: string;
}

/**
 * Parses a command line in the style of Abseil: `--flag=value`, `--flag value`, `--boolflag`,
 * `--noboolflag`. Hyphens and underscores are equivalent.
 *
 * @throws {UsageError} for anything unknown, with a suggestion
 */
export function parseCommandLine(table: FlagTable, argv: readonly string[]): CommandLine {
  const [first] = argv;
  const named = first !== undefined && !first.startsWith("-");
  const command = named ? commandOf(first) : "serve";
  const parsed = parseFlags(table, { command, args: named ? argv.slice(1) : argv });
  const [argument, second] = parsed.words;
  const unexpected = commandInfo(command).argument ? second : argument;
  if (unexpected !== undefined) throw unexpectedArgument(unexpected, command);
  return {
    command: actionOf(parsed.values) ?? command,
    values: parsed.values,
    ...parsed.values.size && isHelp(parsed.values) && named ? { argument: command } : {},
    ...argument === undefined ? {} : { argument },
  };
}

function isHelp(values: ReadonlyMap<FlagEntry, string>): boolean {
  return actionOf(values) === "help";
}

/** Returns the command that a flag such as `--version` runs. */
function actionOf(values: ReadonlyMap<FlagEntry, string>): CommandName | undefined {
  const actions = [...values].filter(([{ flag }, text]) => flag.action && text === "true")
    .map(([{ flag }]) => flag.action);
  return actions.includes("help") ? "help" : actions[0];
}

function commandOf(word: string): CommandName {
  const command = commandNamed(word);
  if (command) return command;
  const known = Object.keys(COMMANDS);
  const similar = nearest(word.replaceAll("_", "-"), known);
  throw new UsageError(
    `Cannot run the unknown command '${word}': ` +
      (similar ? `did you mean '${similar}'?` : "physiology_server --help lists the commands"),
  );
}

function unexpectedArgument(word: string, command: CommandName): UsageError {
  if (/^(true|false|yes|no|0|1)$/i.test(word)) {
    return new UsageError(
      `Cannot use the argument '${word}': set a switch with an equals sign: --flag=${word}`,
    );
  }
  if (commandNamed(word)) {
    return new UsageError(
      `Cannot use the argument '${word}': the command comes first, before any flag`,
    );
  }
  return new UsageError(`Cannot use the argument '${word}': ${command} takes no such argument`);
}

interface ParsedFlags {
  readonly values: Map<FlagEntry, string>;
  readonly words: string[];
}

function parseFlags(
  table: FlagTable,
  { command, args }: { readonly command: CommandName; readonly args: readonly string[] },
): ParsedFlags {
  const commands = [command, ...actionsIn(table, args)];
  const known = new Map(
    commands.flatMap((each) => table.flagsOf(each)).map((entry) => [entry.flag.name, entry]),
  );
  const values = new Map<FlagEntry, string>();
  const words: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (argument === "--") {
      words.push(...args.slice(index + 1));
      break;
    }
    if (!argument.startsWith("-") || argument === "-") {
      words.push(argument);
      continue;
    }
    const { name, text } = splitFlag(argument);
    const entry = known.get(name);
    if (entry) {
      if (text !== undefined) values.set(entry, text);
      else if (entry.flag.kind === "bool") values.set(entry, "true");
      else values.set(entry, nextValue(entry, args[++index]));
      continue;
    }
    const negated = known.get(name.replace(/^no_?/, ""));
    if (!name.startsWith("no") || negated?.flag.kind !== "bool") {
      throw unknownFlag(table, { argument, name, command });
    }
    if (text !== undefined) {
      throw new UsageError(
        `Cannot use ${argument}: --no takes no value: use --${negated.flag.name}=${text}`,
      );
    }
    values.set(negated, "false");
  }
  return { values, words };
}

/** Returns the commands that flags run, whose own flags are valid too: `--version --json`. */
function actionsIn(table: FlagTable, args: readonly string[]): CommandName[] {
  const names = new Set(args.map((argument) => splitFlag(argument).name));
  return table.entries.flatMap(({ flag: { name, action } }) =>
    action && names.has(name) ? [action] : []
  );
}

function splitFlag(argument: string): { name: string; text?: string } {
  const equals = argument.indexOf("=");
  const head = equals < 0 ? argument : argument.slice(0, equals);
  const name = head === "-h" ? "help" : head.replace(/^--?/, "").replaceAll("-", "_");
  return equals < 0 ? { name } : { name, text: argument.slice(equals + 1) };
}

function nextValue({ flag }: FlagEntry, next: string | undefined): string {
  // A value may be a negative number; a text that starts with two dashes is the next flag.
  if (next === undefined || (next.startsWith("--") && next.length > 2)) {
    throw new UsageError(
      `Cannot use --${flag.name} without a value: --${flag.name}=${flag.placeholder}`,
    );
  }
  return next;
}

function unknownFlag(
  table: FlagTable,
  { argument, name, command }: {
    readonly argument: string;
    readonly name: string;
    readonly command: CommandName;
  },
): UsageError {
  // The value of a mistyped flag may be a password, so that the message has only the name.
  const shown = argument.split("=")[0];
  const ofOtherCommands = table.entries.filter(({ flag }) => flag.name === name);
  if (ofOtherCommands.length > 0) {
    const commands = [...new Set(ofOtherCommands.flatMap((entry) => entry.commands))];
    return new UsageError(
      `Cannot use ${shown} with ${command}: it is a flag of ${commands.join(", ")}`,
    );
  }
  const names = table.flagsOf(command).map(({ flag }) => flag.name);
  const similar = nearest(name, names);
  return new UsageError(
    `Cannot use the unknown flag ${shown}: ` +
      (similar
        ? `did you mean --${similar}?`
        : `physiology_server help ${command} lists the flags`),
  );
}
