import { ConfigError, reasonOf } from "../base/errors.ts";
import type { ConfigFile } from "./flag.ts";
import type { FlagEntry, FlagTable } from "./flag_table.ts";
import { nearest } from "../base/nearest.ts";
import { maskUrls } from "./secret.ts";
import { checkJson } from "./values.ts";

/** Far above any real configuration. Chosen, so that a wrong path does not fill the memory. */
const MAX_BYTES = 1_048_576;

/** Returns the flags that a JSON file may contain, by their keys. */
export function fileKeys(
  table: FlagTable,
  config: ConfigFile,
): ReadonlyMap<string, FlagEntry> {
  return new Map(
    table.entries.flatMap((entry) =>
      entry.flag.file?.config === config ? [[entry.flag.file.key, entry] as const] : []
    ),
  );
}

/**
 * Reads a JSON file into one value for each of its keys.
 *
 * @throws {ConfigError} if the file cannot be read, or a key or value is invalid
 */
export function readConfigFile(
  table: FlagTable,
  { path, config, readText = Deno.readTextFileSync }: {
    readonly path: string;
    readonly config: ConfigFile;
    readonly readText?: (path: string) => string;
  },
): ReadonlyMap<FlagEntry, unknown> {
  const values = new Map<FlagEntry, unknown>();
  const keys = fileKeys(table, config);
  for (const [key, candidate] of Object.entries(parseObject(path, readText))) {
    const entry = keys.get(key);
    if (!entry) {
      const similar = nearest(key, keys.keys());
      throw new ConfigError(
        `Cannot use the key "${key}" in ${path}: ` +
          (similar
            ? `did you mean "${similar}"?`
            : `known keys are ${[...keys.keys()].join(", ")}`),
      );
    }
    const checked = checkJson(entry.flag, candidate);
    if ("mustBe" in checked) {
      const shown = entry.flag.kind === "secret"
        ? "not shown"
        : maskUrls(shorten(JSON.stringify(candidate)));
      throw new ConfigError(
        `Cannot use "${key}" in ${path}: it must be ${checked.mustBe}: current value is ${shown}`,
      );
    }
    values.set(entry, checked.value);
  }
  return values;
}

function parseObject(path: string, readText: (path: string) => string): object {
  let text: string;
  try {
    text = readText(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read the configuration ${path}: ${reasonOf(cause)}`, { cause });
  }
  if (text.length > MAX_BYTES) {
    throw new ConfigError(`Cannot use the configuration ${path}: it is larger than 1 MiB`);
  }
  if (text.trim() === "") {
    throw new ConfigError(
      `Cannot use the configuration ${path}: it is empty: write {} to use the defaults`,
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    // The message of JSON.parse() quotes the text, which may contain a password.
    throw new ConfigError(
      `Cannot use the configuration ${path}: it is not valid JSON${lineOf(text, cause)}`,
    );
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new ConfigError(
      `Cannot use the configuration ${path}: it must be a JSON object: {"key": value}`,
    );
  }
  return parsed;
}

/** Returns the line of a syntax error. */
function lineOf(text: string, error: unknown): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  if (position === undefined) return "";
  const line = text.slice(0, Number(position)).split("\n").length;
  return `: see line ${line}`;
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
