import { FLAGS } from "../app/flags.ts";
import { misspelledVariables } from "../config/environment.ts";
import type { CommandContext } from "./command.ts";

/** Reports that the configuration is valid; loading an invalid one fails before. */
export function run({ print, log, settings }: CommandContext): Promise<number> {
  for (const warning of misspelledVariables(FLAGS, Deno.env.toObject())) log.warning(warning);
  print(settings.output.json ? JSON.stringify({ ok: true }) : "The configuration is valid");
  return Promise.resolve(0);
}
