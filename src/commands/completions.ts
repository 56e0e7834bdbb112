import { FLAGS } from "../app/flags.ts";
import { UsageError } from "../base/errors.ts";
import { completions, SHELLS } from "../config/render/completions.ts";
import type { CommandContext } from "./command.ts";

/** Prints the completion script of a shell. */
export function run({ argument, print }: CommandContext): Promise<number> {
  const shell = SHELLS.find((name) => name === argument);
  if (!shell) {
    throw new UsageError(
      `Cannot print completions for '${argument ?? ""}': the shell must be one of ${
        SHELLS.join(", ")
      }`,
    );
  }
  print(completions(FLAGS, shell));
  return Promise.resolve(0);
}
