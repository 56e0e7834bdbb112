import type { CommandName } from "./command_names.ts";
import { type CommandLine, parseCommandLine } from "./command_line.ts";
import { readConfigFile } from "./config_file.ts";
import { ConfigError, UsageError } from "../base/errors.ts";
import { environmentName } from "./flag.ts";
import type { AnySettings, FlagEntry, FlagTable } from "./flag_table.ts";
import { maskUrls, Secret } from "./secret.ts";
import { readSecretFile } from "./secret_file.ts";
import { checkText } from "./values.ts";

/** The origin of a value. */
export type Origin =
  | { readonly kind: "default" }
  | { readonly kind: "file"; readonly path: string; readonly key: string }
  | { readonly kind: "credential"; readonly name: string }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag" };

/** The configuration of a run. */
export interface Configuration<Settings = AnySettings> {
  /** The flag table that it was read with. */
  readonly table: FlagTable<Settings>;
  readonly command: CommandName;
  /** The word after the command. */
  readonly argument?: string;
  readonly settings: Settings;
  readonly originOf: (entry: FlagEntry) => Origin;
}

/** Environment and file system; tests replace them. */
export interface LoadContext {
  readonly env: Readonly<Record<string, string>>;
  readonly readText: (path: string) => string;
}

/** Returns the environment and the file system of this process. */
export function systemContext(): LoadContext {
  return { env: Deno.env.toObject(), readText: Deno.readTextFileSync };
}

interface Value {
  readonly value: unknown;
  readonly origin: Origin;
}

/**
 * Loads the configuration from the command line, the environment, systemd credentials, JSON files
 * and defaults, in this order of precedence. Every call reads the files again.
 *
 * @throws {UsageError} (status 64) for an invalid command line or environment variable
 * @throws {ConfigError} (status 78) for an invalid JSON file or secret file, or for settings that a
 *   policy refuses
 */
export function load<Settings extends AnySettings>(
  table: FlagTable<Settings>,
  argv: readonly string[],
  context: LoadContext = systemContext(),
): Configuration<Settings> {
  const line = parseCommandLine(table, argv);
  const entries = table.flagsOf(line.command);
  const values = new Map<FlagEntry, Value>();
  for (const entry of entries) {
    const value = fromFlag(line, entry) ?? fromEnvironment(entry, context.env);
    if (value) values.set(entry, value);
  }
  for (const [entry, value] of fromFiles(table, { entries, values, context })) {
    if (!values.has(entry)) values.set(entry, value);
  }
  for (const entry of entries) {
    const secret = fromSecretFile(entry, { entries, values, context });
    if (secret) values.set(entry, secret);
  }
  const settings = table.buildSettings((entry) => {
    const found = values.get(entry);
    return found ? found.value : entry.flag.default;
  });
  const misuse = table.usageConflictIn(line.command, settings);
  if (misuse) throw new UsageError(misuse);
  const conflict = table.conflictIn(line.command, settings);
  if (conflict) {
    const files = [...values.values()].some(({ origin }) => origin.kind === "file");
    throw files ? new ConfigError(conflict) : new UsageError(conflict);
  }
  const refusal = table.refusalOf(line.command, settings);
  if (refusal) throw new ConfigError(refusal);
  return {
    table,
    command: line.command,
    ...line.argument === undefined ? {} : { argument: line.argument },
    settings,
    originOf: (entry) => values.get(entry)?.origin ?? { kind: "default" },
  };
}

function fromFlag(line: CommandLine, entry: FlagEntry): Value | undefined {
  const text = line.values.get(entry);
  if (text === undefined) return undefined;
  return { value: checked(entry, text, `--${entry.flag.name}`), origin: { kind: "flag" } };
}

function fromEnvironment(
  entry: FlagEntry,
  env: Readonly<Record<string, string>>,
): Value | undefined {
  const name = environmentName(entry.flag);
  const text = env[name];
  // A variable such as PHYSIOLOGY_VERSION must not turn every start into another command.
  if (text === undefined || entry.flag.action) return undefined;
  return { value: checked(entry, text, name), origin: { kind: "environment", name } };
}

function checked({ flag }: FlagEntry, text: string, source: string): unknown {
  const result = checkText(flag, text);
  if ("value" in result) return result.value;
  const shown = flag.kind === "secret" ? "not shown" : `'${maskUrls(text.slice(0, 120))}'`;
  throw new UsageError(
    `Cannot use ${source}: it must be ${result.mustBe}: current value is ${shown}`,
  );
}

/** The flags of the command, their values so far, and the context to read more from. */
interface Sources {
  readonly entries: readonly FlagEntry[];
  readonly values: ReadonlyMap<FlagEntry, Value>;
  readonly context: LoadContext;
}

function* fromFiles(
  table: FlagTable,
  { entries, values, context: { readText } }: Sources,
): Generator<[FlagEntry, Value]> {
  for (const config of table.configFiles) {
    const pathEntry = entries.find(({ flag }) => flag.name === config.pathFlag);
    const path = pathEntry && values.get(pathEntry)?.value;
    if (typeof path !== "string") continue;
    for (const [entry, value] of readConfigFile(table, { path, config, readText })) {
      const key = entry.flag.file?.key ?? "";
      yield [entry, { value, origin: { kind: "file", path, key } }];
    }
  }
}

const RANK = { default: 0, file: 1, credential: 2, environment: 3, flag: 4 } as const;

/** Reads a secret from its file or a systemd credential, unless a value has a higher rank. */
function fromSecretFile(
  entry: FlagEntry,
  { entries, values, context }: Sources,
): Value | undefined {
  const from = entry.flag.secretFrom;
  if (!from) return undefined;
  const own = values.get(entry);
  const ownRank = RANK[own?.origin.kind ?? "default"];
  const companion = entries.find(({ flag }) => flag.name === from.fileFlag);
  const file = companion && values.get(companion);
  if (typeof file?.value === "string") {
    const rank = RANK[file.origin.kind];
    if (rank === ownRank && own && !(own.value as Secret).isEmpty) {
      const message = `Cannot use both ${entry.flag.name} and ${from.fileFlag}: give one of them`;
      throw file.origin.kind === "file" ? new ConfigError(message) : new UsageError(message);
    }
    if (rank >= ownRank) {
      return { value: readSecretFile(file.value, context.readText), origin: file.origin };
    }
  }
  const folder = context.env["CREDENTIALS_DIRECTORY"];
  if (!folder || ownRank >= RANK.credential) return undefined;
  const path = `${folder}/${from.credential}`;
  try {
    return {
      value: readSecretFile(path, context.readText),
      origin: { kind: "credential", name: from.credential },
    };
  } catch (error) {
    // systemd creates files only for the credentials that the unit loads.
    if (error instanceof ConfigError && error.cause instanceof Deno.errors.NotFound) {
      return undefined;
    }
    throw error;
  }
}
