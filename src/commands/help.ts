import { FLAGS } from "../app/flags.ts";
import { commandNamed } from "../config/command_names.ts";
import { UsageError } from "../base/errors.ts";
import { commandHelp, flagsHelp, overview } from "../config/render/help.ts";
import type { CommandContext } from "./command.ts";

/** Explains the program, or the command or the flags that the argument names. */
export function run({ argument, print }: CommandContext): Promise<number> {
  if (argument === undefined) {
    print(overview(FLAGS));
    return Promise.resolve(0);
  }
  const command = commandNamed(argument);
  const text = command ? commandHelp(FLAGS, command) : flagsHelp(FLAGS, argument);
  if (text === "") {
    throw new UsageError(`Cannot explain '${argument}': it is no command and in no flag's name`);
  }
  print(text);
  return Promise.resolve(0);
}
