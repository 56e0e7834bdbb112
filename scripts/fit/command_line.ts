import { parseArgs } from "node:util";

/** Arguments of a script that reads recordings. */
export interface CommandLine {
  /** The folder that `--data` names. */
  readonly data: string;
  /** Positive integers, in the order of the usage. */
  readonly counts: readonly number[];
}

/** Prints the usage of a script and exits with status 64. */
export function exitWithUsage(usage: string): never {
  console.error(`Usage: ${usage}`);
  Deno.exit(64);
}

/**
 * Parses `--data=FOLDER [COUNT]...`. Prints the usage and exits with status 64 if that fails or if
 * the folder does not exist.
 */
export function parseCommandLine(usage: string): CommandLine {
  const { data, positionals } = parse(usage);
  if (!data) exitWithUsage(usage);
  if (!isFolder(data)) {
    console.error(`Cannot read recordings: --data must be a folder: current value is ${data}`);
    exitWithUsage(usage);
  }
  return { data, counts: parseCounts(positionals, usage) };
}

/** Parses positive integers; prints the usage and exits with status 64 if one is not. */
export function parseCounts(values: readonly string[], usage: string): number[] {
  const counts = values.map(Number);
  if (!counts.every((count) => Number.isInteger(count) && count > 0)) exitWithUsage(usage);
  return counts;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function parse(usage: string): { data: string | undefined; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: { data: { type: "string" } },
    });
    return { data: values.data, positionals };
  } catch (error) {
    if (error instanceof TypeError) console.error(error.message);
    return exitWithUsage(usage);
  }
}
