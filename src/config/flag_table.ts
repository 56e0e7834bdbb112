import { commandInfo, type CommandName } from "./command_names.ts";
import type { ConfigFile, Flag, Topic, ValuesOf } from "./flag.ts";

/** Topics by their keys in the settings, in the order of help. */
export type Topics = Readonly<Record<string, Topic>>;

/** The frozen values of a table's flags, by topic: `settings.redis.connectionTimeoutMs`. */
export type SettingsOf<T extends Topics> = {
  readonly [Name in keyof T]: ValuesOf<T[Name]>;
};

/** Settings of any table. */
export type AnySettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Returns a message if values contradict each other. */
export type Rule<Settings> = (settings: Settings, command: CommandName) => string | undefined;

/** Returns a message if a command must not do what the settings ask for. */
export type Policy<Settings> = (settings: Settings, command: CommandName) => string | undefined;

/** A flag and its position in the settings. */
export interface FlagEntry {
  readonly flag: Flag;
  readonly topic: string;
  readonly key: string;
  readonly title: string;
  /** The commands that take it, without those that take every flag of `serve`. */
  readonly commands: readonly CommandName[];
}

/** The rules of a flag table. */
export interface FlagTableOptions<Settings> {
  /** Rules that apply to every command. */
  readonly rules?: readonly Rule<Settings>[];
  /** Additional rules for single commands; breaking one is always a usage error. */
  readonly commandRules?: Readonly<Partial<Record<CommandName, readonly Rule<Settings>[]>>>;
  /** Rules of security; breaking one is always a configuration error. */
  readonly policies?: readonly Policy<Settings>[];
}

/**
 * Every flag of the program. Parsing, help, completions, the manual page, documentation, default
 * files and JSON schemas follow from it.
 */
export interface FlagTable<Settings = AnySettings> {
  /** Every flag, in the order of help. */
  readonly entries: readonly FlagEntry[];
  /** The JSON files with values of these flags. */
  readonly configFiles: readonly ConfigFile[];
  /** Returns the flags that `command` takes; their names are unique. */
  flagsOf(command: CommandName): readonly FlagEntry[];
  /** Builds frozen settings from one value for each flag. */
  buildSettings(valueOf: (entry: FlagEntry) => unknown): Settings;
  /** Returns the settings with every default value. */
  defaultSettings(): Settings;
  /** Returns the value of a flag. */
  valueOf(settings: Settings, entry: FlagEntry): unknown;
  /** Returns the message of the first rule that `command` breaks with the settings. */
  conflictIn(command: CommandName, settings: Settings): string | undefined;
  /** Returns the message of the additional rule of `command`, if the settings break it. */
  usageConflictIn(command: CommandName, settings: Settings): string | undefined;
  /** Returns the message of the first policy that `command` breaks with the settings. */
  refusalOf(command: CommandName, settings: Settings): string | undefined;
}

/** Builds a flag table from its topics and rules. */
export function defineFlags<const T extends Topics>(
  topics: T,
  { rules = [], commandRules = {}, policies = [] }: FlagTableOptions<SettingsOf<T>> = {},
): FlagTable<SettingsOf<T>> {
  const entries = entriesOf(topics);
  const files = entries.flatMap(({ flag }) => flag.file ? [flag.file.config] : []);
  const buildSettings = (valueOf: (entry: FlagEntry) => unknown) =>
    settingsOf(entries, valueOf) as SettingsOf<T>;
  return {
    entries,
    configFiles: [...new Set(files)],
    flagsOf(command) {
      const takesServe = commandInfo(command).takesServe ?? false;
      return entries.filter(({ commands }) =>
        commands.includes(command) || (takesServe && commands.includes("serve"))
      );
    },
    buildSettings,
    defaultSettings: () => buildSettings(({ flag }) => flag.default),
    valueOf: (settings: AnySettings, { topic, key }) => settings[topic]?.[key],
    conflictIn: (command, settings) => firstMessage(rules, (rule) => rule(settings, command)),
    usageConflictIn: (command, settings) =>
      firstMessage(commandRules[command] ?? [], (rule) => rule(settings, command)),
    refusalOf: (command, settings) => firstMessage(policies, (policy) => policy(settings, command)),
  };
}

function firstMessage<Item>(
  items: readonly Item[],
  messageOf: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const message = messageOf(item);
    if (message !== undefined) return message;
  }
  return undefined;
}

function entriesOf(topics: Topics): FlagEntry[] {
  return Object.entries(topics).flatMap(([name, { title, commands, rows }]) =>
    Object.entries(rows).map(([key, flag]) => ({
      flag,
      topic: name,
      key,
      title,
      commands: flag.commands ?? commands,
    }))
  );
}

function settingsOf(
  entries: readonly FlagEntry[],
  valueOf: (entry: FlagEntry) => unknown,
): AnySettings {
  const topics: Record<string, Record<string, unknown>> = {};
  for (const entry of entries) {
    const values = topics[entry.topic] ??= {};
    values[entry.key] = valueOf(entry);
  }
  for (const values of Object.values(topics)) Object.freeze(values);
  return Object.freeze(topics);
}
