import { FLAGS } from "../app/flags.ts";
import { commandNamed } from "../config/command_names.ts";
import { UsageError } from "../base/errors.ts";
import { commandHelp, flagsHelp, overview } from "../config/render/help.ts";
import type { CommandContext } from "./command.ts";

/** Prints help for the program, a command, or flags. */
export function run({ argument, print }: CommandContext): Promise<number> {
  if (argument === undefined) {
    print(overview(FLAGS));
    return Promise.resolve(0);
  }
  const command = commandNamed(argument);
  const text = command ? commandHelp(FLAGS, command) : flagsHelp(FLAGS, argument);
  if (text === "") {
    throw new UsageError(`Cannot find help for '${argument}': no command or flag has that name`);
  }
  print(text);
  return Promise.resolve(0);
}
