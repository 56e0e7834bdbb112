import { FLAGS } from "../app/flags.ts";
import { exists } from "../base/exists.ts";
import { reasonOf, UnavailableError, UsageError } from "../base/errors.ts";
import { defaultFileText } from "../config/default_files.ts";
import type { ConfigFile } from "../config/flag.ts";
import { parseCommandLine } from "../config/command_line.ts";
import type { CommandContext } from "./command.ts";

/** Writes the default files that the flags select to the current folder. */
export function run({ argv, print }: CommandContext): Promise<number> {
  const selected = [...parseCommandLine(FLAGS, argv).values]
    .filter(([, text]) => text === "true").map(([{ flag }]) => flag.name);
  const configs = FLAGS.configFiles.filter(({ saveFlag }) => selected.includes(saveFlag));
  if (configs.length === 0) {
    const flags = FLAGS.configFiles.map(({ saveFlag }) => `--${saveFlag}`);
    throw new UsageError(`Cannot select a file to write: add ${flags.join(" or ")}`);
  }
  for (const config of configs) save(config, print);
  return Promise.resolve(0);
}

function save(config: ConfigFile, print: (text: string) => void): void {
  const name = config.defaultFile;
  const text = defaultFileText(FLAGS, config);
  let backup: string | undefined;
  try {
    backup = backUp(name, text);
    const temporary = `.${name}.${Deno.pid}`;
    // The user may add a password to the file.
    Deno.writeTextFileSync(temporary, text, { mode: 0o600, createNew: true });
    Deno.renameSync(temporary, name);
  } catch (cause) {
    throw new UnavailableError(
      `Cannot write ${name} into ${Deno.cwd()}: ${reasonOf(cause)}`,
      { cause },
    );
  }
  print(`Wrote ${name}${backup === undefined ? "" : `; the file before is ${backup}`}`);
}

/**
 * Renames a changed file of that name to `NAME.old`, or to `NAME.old.2` and so on if there is one
 * already; returns the new name.
 */
function backUp(name: string, text: string): string | undefined {
  let old: string;
  try {
    old = Deno.readTextFileSync(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (old === text) return undefined;
  let backup = `${name}.old`;
  for (let count = 2; exists(backup); count++) backup = `${name}.old.${count}`;
  Deno.renameSync(name, backup);
  return backup;
}
