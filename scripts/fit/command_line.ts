import { parseArgs } from "node:util";

/** Arguments of a script that reads recordings. */
export interface CommandLine {
  /** The folder that `--data` names. */
  readonly data: string;
  /** Whether `--network` is set. */
  readonly network: boolean;
  /** Positive integers, in the order of the usage. */
  readonly counts: readonly number[];
}

/** Prints the usage of a script and exits with status 64. */
export function exitWithUsage(usage: string): never {
  console.error(`Usage: ${usage}`);
  Deno.exit(64);
}

/**
 * Parses `--data=FOLDER [--network] [COUNT]...`. Prints the usage and exits with status 64 if that
 * fails or if the folder does not exist.
 */
export function parseCommandLine(usage: string): CommandLine {
  const { data, network, positionals } = parse(usage);
  if (!data) exitWithUsage(usage);
  if (!isFolder(data)) {
    console.error(`Cannot read recordings: --data must be a folder: current value is ${data}`);
    exitWithUsage(usage);
  }
  return { data, network, counts: parseCounts(positionals, usage) };
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

function parse(
  usage: string,
): { data: string | undefined; network: boolean; positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: Deno.args,
      allowPositionals: true,
      options: { data: { type: "string" }, network: { type: "boolean", default: false } },
    });
    return { data: values.data, network: values.network, positionals };
  } catch (error) {
    if (error instanceof TypeError) console.error(error.message);
    return exitWithUsage(usage);
  }
}
