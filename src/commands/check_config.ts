import { FLAGS } from "../app/flags.ts";
import { misspelledVariables } from "../config/environment.ts";
import type { CommandContext } from "./command.ts";

/** Says that the configuration is good; a bad one never comes so far. */
export function run({ print, log, settings }: CommandContext): Promise<number> {
  for (const sentence of misspelledVariables(FLAGS, Deno.env.toObject())) log.warning(sentence);
  print(settings.output.json ? JSON.stringify({ ok: true }) : "The configuration is good");
  return Promise.resolve(0);
}
