import { assetPath } from "../base/assets.ts";
import { ConfigError } from "../base/errors.ts";
import type { CommandContext } from "./command.ts";

/** Prints our licence and those of everything carried; from source only ours, as it carries nothing. */
export async function run({ print }: CommandContext): Promise<number> {
  const path = assetPath("licenses");
  try {
    print(await Deno.readTextFile(path));
  } catch (cause) {
    throw new ConfigError(`Cannot read the licences in ${path}`, { cause });
  }
  return 0;
}
