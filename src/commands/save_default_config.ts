import { FLAGS } from "../app/flags.ts";
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
  try {
    backUp(name, text);
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
  print(`Wrote ${name}`);
}

/** Renames a changed file of that name to `NAME.old`. */
function backUp(name: string, text: string): void {
  let old: string;
  try {
    old = Deno.readTextFileSync(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (old !== text) Deno.renameSync(name, `${name}.old`);
}
