import type { CommandContext } from "./command.ts";

/** Says that the configuration is good; a bad one never comes so far. */
export function run({ print, settings }: CommandContext): Promise<number> {
  print(settings.output.json ? JSON.stringify({ ok: true }) : "The configuration is good");
  return Promise.resolve(0);
}
