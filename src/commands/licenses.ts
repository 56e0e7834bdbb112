import { assetPath } from "../base/assets.ts";
import { ConfigError } from "../base/errors.ts";
import type { CommandContext } from "./command.ts";

/** Prints the licenses of the program and of all bundled software. */
export async function run({ print }: CommandContext): Promise<number> {
  const path = assetPath("licenses");
  try {
    print(await Deno.readTextFile(path));
  } catch (cause) {
    throw new ConfigError(`Cannot read the licenses in ${path}`, { cause });
  }
  return 0;
}
