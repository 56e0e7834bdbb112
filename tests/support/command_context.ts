import { load } from "../../src/app/flags.ts";
import type { CommandContext } from "../../src/commands/command.ts";
import { type Log, silentLog } from "../../src/telemetry/log.ts";

export interface CommandOptions {
  /** Environment variables of the configuration. @default none */
  readonly env?: Readonly<Record<string, string>>;
  /** Reads a file of the configuration. @default every file is empty */
  readonly readText?: (path: string) => string;
  readonly log?: Partial<Log>;
}

/** The context of a command line, which keeps what the command prints. */
export function commandContext(
  argv: readonly string[],
  { env = {}, readText = () => "", log = {} }: CommandOptions = {},
): CommandContext & { readonly printed: string[] } {
  const printed: string[] = [];
  const read = () => load(argv, { env, readText });
  return {
    ...read(),
    argv,
    log: { ...silentLog, ...log },
    reload: read,
    print: (text) => void printed.push(text),
    printed,
  };
}
