import { FLAGS } from "../app/flags.ts";
import { manualPage } from "../config/render/man.ts";
import type { CommandContext } from "./command.ts";

/** Prints the manual page; `physiology_server man | man -l -` shows it. */
export function run({ print }: CommandContext): Promise<number> {
  print(manualPage(FLAGS));
  return Promise.resolve(0);
}
