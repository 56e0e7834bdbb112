import { commandNamed } from "../config/command_names.ts";
import { UsageError } from "../config/exit.ts";
import { commandHelp, overview } from "../config/render/help.ts";
import type { CommandContext } from "./command.ts";
import { availableCommands } from "./available.ts";

/** Explains the program, or the command named by the argument. */
export function run({ argument, print }: CommandContext): Promise<number> {
  if (argument === undefined) {
    print(overview(availableCommands()));
    return Promise.resolve(0);
  }
  const command = commandNamed(argument);
  if (!command) throw new UsageError(`Cannot explain '${argument}': it is no command`);
  print(commandHelp(command));
  return Promise.resolve(0);
}
