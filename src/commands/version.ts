import { ARCH } from "../base/assets.ts";
import { VERSION } from "../base/version.ts";
import type { CommandContext } from "./command.ts";

/** Prints the version; with `--json`, also the platform. */
export function run({ settings, print }: CommandContext): Promise<number> {
  const details = {
    name: "physiology_server",
    version: VERSION,
    arch: ARCH,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    packed: Deno.env.has("PHYSIOLOGY_ASSETS"),
  };
  print(settings.output.json ? JSON.stringify(details) : `physiology_server ${VERSION}`);
  return Promise.resolve(0);
}
