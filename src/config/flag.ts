import type { CommandName } from "./command_names.ts";
import type { Secret } from "./secret.ts";

/** The kind of a flag's value; parsing, validation, help and schema follow from it. */
export type FlagKind =
  | "bool"
  | "int"
  | "float"
  | "text"
  | "enum"
  | "list"
  | "path"
  | "secret";

/** A JSON file with values of flags. */
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

/** A flag: one row of the flag table. */
export interface Flag<Value = unknown> {
  readonly name: string;
  readonly kind: FlagKind;
  readonly default: Value;
  /** One or two sentences for the user. */
  readonly help: string;
  /** Inclusive limits of a number. */
  readonly range?: readonly [min: number, max: number];
  readonly choices?: readonly string[];
  /** The pattern of a text, and its description after `it must be`. */
  readonly pattern?: { readonly regex: RegExp; readonly description: string };
  /** The value in help: `--port=N`. */
  readonly placeholder: string;
  /** The key in a JSON file; the default file contains the `documented` keys. */
  readonly file?: {
    readonly config: ConfigFile;
    readonly key: string;
    readonly documented: boolean;
  };
  /** Other origins of a secret: the flag that names a file, and the systemd credential. */
  readonly secretFrom?: { readonly fileFlag: string; readonly credential: string };
  /** What the program writes at this path; absent for a path that it only reads. */
  readonly writes?: "file" | "folder";
  /** True if the program executes the file at this path. */
  readonly loadsCode?: true;
  /** True if only a restart can apply a change: a reload keeps the value of the start. */
  readonly needsRestart?: true;
  /** The command that the flag runs: `--version` runs `version`. */
  readonly action?: CommandName;
  /** The commands that take it, if they differ from those of its topic. */
  readonly commands?: readonly CommandName[];
}

// deno-lint-ignore no-explicit-any
type AnyFlag = Flag<any>;
/** Flags by their keys in the settings; a key ends with the unit of its value. */
export type Rows = Readonly<Record<string, AnyFlag>>;

/** Flags of one subject. */
export interface Topic<R extends Rows = Rows> {
  /** The heading in help. */
  readonly title: string;
  /** The commands that take its flags. */
  readonly commands: readonly CommandName[];
  readonly rows: R;
}

/** The settings of a topic: the type of each value by its key. */
export type ValuesOf<T> = T extends Topic<infer R> ? {
    readonly [Key in keyof R]: R[Key] extends Flag<infer Value> ? Value : never;
  }
  : never;

/** Defines a topic. */
export function topic<const R extends Rows>(
  title: string,
  commands: readonly CommandName[],
  rows: R,
): Topic<R> {
  return { title, commands, rows };
}

type Common =
  & Pick<
    AnyFlag,
    "file" | "commands" | "action" | "pattern" | "writes" | "loadsCode" | "needsRestart"
  >
  & {
    readonly placeholder?: string;
  };
type Options<Value> = Common & { readonly default: Value };

/** Defines a switch: `--flag` or `--noflag`. */
export function bool(name: string, help: string, options: Partial<Options<boolean>> = {}) {
  return { name, kind: "bool", help, placeholder: "", default: false, ...options } satisfies Flag<
    boolean
  > as Flag<boolean>;
}

type NumberOptions = Options<number> & { readonly range: readonly [number, number] };

/** Defines an integer. */
export function int(name: string, help: string, options: NumberOptions): Flag<number> {
  return { name, kind: "int", help, placeholder: "N", ...options };
}

/** Defines a number. */
export function float(name: string, help: string, options: NumberOptions): Flag<number> {
  return { name, kind: "float", help, placeholder: "N", ...options };
}

/** Defines a choice of several words. */
export function choice<const Choice extends string>(
  name: string,
  help: string,
  options: Options<NoInfer<Choice>> & { readonly choices: readonly Choice[] },
): Flag<Choice> {
  return { name, kind: "enum", help, placeholder: options.choices.join("|"), ...options };
}

/** Defines a text that always has a value. */
export function text(name: string, help: string, options: Options<string>): Flag<string> {
  return { name, kind: "text", help, placeholder: "TEXT", ...options };
}

/** Defines a text that may be absent; an empty text counts as absent. */
export function optionalText(
  name: string,
  help: string,
  options: Common = {},
): Flag<string | undefined> {
  return { name, kind: "text", help, placeholder: "TEXT", default: undefined, ...options };
}

/** Defines a path that may be absent; an empty path counts as absent. */
export function optionalPath(
  name: string,
  help: string,
  options: Common = {},
): Flag<string | undefined> {
  return { name, kind: "path", help, placeholder: "FILE", default: undefined, ...options };
}

/** Defines a path that always has a value. */
export function path(name: string, help: string, options: Options<string>): Flag<string> {
  return { name, kind: "path", help, placeholder: "FILE", ...options };
}

/** Defines a list of texts: separated by commas on the command line, an array in JSON. */
export function list(
  name: string,
  help: string,
  options: Common & { readonly default?: readonly string[] } = {},
): Flag<readonly string[]> {
  return { name, kind: "list", help, placeholder: "A,B", default: [], ...options };
}

/** Defines a secret, which is never printed. */
export function secret(
  name: string,
  help: string,
  options: Options<Secret> & Required<Pick<AnyFlag, "secretFrom">>,
): Flag<Secret> {
  return { name, kind: "secret", help, placeholder: "TEXT", ...options };
}

/** Returns the name of a flag's environment variable. */
export function environmentName(flag: Pick<AnyFlag, "name">): string {
  return `PHYSIOLOGY_${flag.name.toUpperCase()}`;
}
