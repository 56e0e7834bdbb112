import { ARCH } from "../base/assets.ts";
import { VERSION } from "../base/version.ts";
import type { CommandContext } from "./command.ts";

/** Prints the version, and with `--json` also what it runs on. */
export function run({ settings, print }: CommandContext): Promise<number> {
  const facts = {
    name: "physiology_server",
    version: VERSION,
    arch: ARCH,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    packed: Deno.env.has("PHYSIOLOGY_ASSETS"),
  };
  print(settings.output.json ? JSON.stringify(facts) : `physiology_server ${VERSION}`);
  return Promise.resolve(0);
}
