import { checkSettings } from "../app/check.ts";
import { FLAGS } from "../app/flags.ts";
import { EXIT } from "../base/errors.ts";
import { misspelledVariables } from "../config/environment.ts";
import type { CommandContext } from "./command.ts";

/**
 * Reports that the server would start with this configuration.
 *
 * @throws {ExitError} with the words of the server if it would not
 */
export async function run({ print, log, settings }: CommandContext): Promise<number> {
  for (const warning of misspelledVariables(FLAGS, Deno.env.toObject())) log.warning(warning);
  await checkSettings(settings);
  print(settings.output.json ? JSON.stringify({ ok: true }) : "The configuration is valid");
  return EXIT.ok;
}
