import { DEFAULT_FILE_NAMES, defaultFileText } from "../config/default_files.ts";
import { reasonOf, UnavailableError, UsageError } from "../base/errors.ts";
import type { ConfigFileName } from "../config/flag.ts";
import { parseCommandLine } from "../config/command_line.ts";
import type { CommandContext } from "./command.ts";

const FLAG_OF = {
  redis: "save_default_redis_ipc_config",
  filesystem: "save_default_file_ipc_config",
} as const;

/** Writes the default files that the flags ask for into the current folder. */
export function run({ argv, print }: CommandContext): Promise<number> {
  const asked = [...parseCommandLine(argv).values]
    .filter(([, text]) => text === "true").map(([{ flag }]) => flag.name);
  const configs = (["redis", "filesystem"] as const).filter((config) =>
    asked.includes(FLAG_OF[config])
  );
  if (configs.length === 0) {
    throw new UsageError(
      `Cannot tell which file to write: use --${FLAG_OF.redis} or --${FLAG_OF.filesystem}`,
    );
  }
  for (const config of configs) save(config, print);
  return Promise.resolve(0);
}

function save(config: ConfigFileName, print: (text: string) => void): void {
  const name = DEFAULT_FILE_NAMES[config];
  const text = defaultFileText(config);
  try {
    keepOld(name, text);
    const next = `.${name}.${Deno.pid}`;
    // A user will write a password into it.
    Deno.writeTextFileSync(next, text, { mode: 0o600, createNew: true });
    Deno.renameSync(next, name);
  } catch (cause) {
    throw new UnavailableError(
      `Cannot write ${name} into ${Deno.cwd()}: ${reasonOf(cause)}`,
      { cause },
    );
  }
  print(`Wrote ${name}`);
}

/** A file of that name that somebody has changed is set aside, not lost. */
function keepOld(name: string, text: string): void {
  let old: string;
  try {
    old = Deno.readTextFileSync(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (old !== text) Deno.renameSync(name, `${name}.old`);
}
