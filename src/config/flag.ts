import type { CommandName } from "./command_names.ts";
import type { Secret } from "./secret.ts";

/** What kind of value a flag takes; parsing, validation, help and schema follow from it. */
export type FlagKind =
  | "bool"
  | "int"
  | "float"
  | "text"
  | "enum"
  | "list"
  | "path"
  | "secret";

/** A JSON file that holds values of flags. */
export interface ConfigFile {
  /** The name in its JSON schema's title. */
  readonly name: string;
  /** The flag that names the file to read. */
  readonly pathFlag: string;
  /** The flag that writes the file with default values into the current folder. */
  readonly saveFlag: string;
  /** The name of the file with default values. */
  readonly defaultFile: string;
  /** The name of its JSON schema. */
  readonly schemaFile: string;
}

/** One row of the flag table. */
export interface Flag<Value = unknown> {
  readonly name: string;
  readonly kind: FlagKind;
  readonly default: Value;
  /** One or more sentences for a person. */
  readonly help: string;
  /** Inclusive, for numbers. */
  readonly range?: readonly [least: number, most: number];
  readonly choices?: readonly string[];
  /** What a text must look like, and that in words: `it must be ${says}`. */
  readonly pattern?: { readonly regex: RegExp; readonly says: string };
  /** What help writes after the equals sign. */
  readonly placeholder: string;
  /** The key in a JSON file; `documented` keys are those that the default file is written with. */
  readonly file?: {
    readonly config: ConfigFile;
    readonly key: string;
    readonly documented: boolean;
  };
  /** Where a secret may be read from, besides its own flag. */
  readonly secretFrom?: { readonly fileFlag: string; readonly credential: string };
  /** What the program writes at this path; absent for a path that it only reads. */
  readonly writes?: "file" | "folder";
  /** A flag that stands for a command: `--version` runs `version`. */
  readonly action?: CommandName;
  /** The commands that know it, where they differ from those of its topic. */
  readonly commands?: readonly CommandName[];
}

// deno-lint-ignore no-explicit-any
type AnyFlag = Flag<any>;
export type Rows = Readonly<Record<string, AnyFlag>>;

/** Flags of one subject; each row's key is its name in `Settings`, with its unit. */
export interface Topic<R extends Rows = Rows> {
  readonly title: string;
  readonly commands: readonly CommandName[];
  readonly rows: R;
}

/** The values that a topic's rows describe. */
export type ValuesOf<T> = T extends Topic<infer R> ? {
    readonly [Key in keyof R]: R[Key] extends Flag<infer Value> ? Value : never;
  }
  : never;

export function topic<const R extends Rows>(
  title: string,
  commands: readonly CommandName[],
  rows: R,
): Topic<R> {
  return { title, commands, rows };
}

type Common = Pick<AnyFlag, "file" | "commands" | "action" | "pattern" | "writes"> & {
  readonly placeholder?: string;
};
type Options<Value> = Common & { readonly default: Value };

export function bool(name: string, help: string, options: Partial<Options<boolean>> = {}) {
  return { name, kind: "bool", help, placeholder: "", default: false, ...options } satisfies Flag<
    boolean
  > as Flag<boolean>;
}

type NumberOptions = Options<number> & { readonly range: readonly [number, number] };

export function int(name: string, help: string, options: NumberOptions): Flag<number> {
  return { name, kind: "int", help, placeholder: "N", ...options };
}

export function float(name: string, help: string, options: NumberOptions): Flag<number> {
  return { name, kind: "float", help, placeholder: "N", ...options };
}

export function choice<const Choice extends string>(
  name: string,
  help: string,
  options: Options<NoInfer<Choice>> & { readonly choices: readonly Choice[] },
): Flag<Choice> {
  return { name, kind: "enum", help, placeholder: options.choices.join("|"), ...options };
}

/** A text that always has a value. */
export function text(name: string, help: string, options: Options<string>): Flag<string> {
  return { name, kind: "text", help, placeholder: "TEXT", ...options };
}

/** A text that may be absent; an empty one counts as absent. */
export function optionalText(
  name: string,
  help: string,
  options: Common = {},
): Flag<string | undefined> {
  return { name, kind: "text", help, placeholder: "TEXT", default: undefined, ...options };
}

/** A path that may be absent; an empty one counts as absent. */
export function optionalPath(
  name: string,
  help: string,
  options: Common = {},
): Flag<string | undefined> {
  return { name, kind: "path", help, placeholder: "FILE", default: undefined, ...options };
}

export function path(name: string, help: string, options: Options<string>): Flag<string> {
  return { name, kind: "path", help, placeholder: "FILE", ...options };
}

/** Several texts, by commas on the command line, an array in JSON. */
export function list(
  name: string,
  help: string,
  options: Common & { readonly default?: readonly string[] } = {},
): Flag<readonly string[]> {
  return { name, kind: "list", help, placeholder: "A,B", default: [], ...options };
}

export function secret(
  name: string,
  help: string,
  options: Options<Secret> & Required<Pick<AnyFlag, "secretFrom">>,
): Flag<Secret> {
  return { name, kind: "secret", help, placeholder: "TEXT", ...options };
}

/** The environment variable of a flag. */
export function environmentName(flag: Pick<AnyFlag, "name">): string {
  return `PHYSIOLOGY_${flag.name.toUpperCase()}`;
}
