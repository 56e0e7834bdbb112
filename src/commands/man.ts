import { manualPage } from "../config/render/man.ts";
import type { CommandContext } from "./command.ts";

/** Prints the manual page: `physiology_server man | man -l -`. */
export function run({ print }: CommandContext): Promise<number> {
  print(manualPage());
  return Promise.resolve(0);
}
