import { EXIT, reasonOf, UnavailableError } from "../base/errors.ts";
import { openInput } from "../validation/input.ts";
import { reportHtml, reportJson, reportText } from "../validation/report.ts";
import { validate } from "../validation/validate.ts";
import type { CommandContext } from "./command.ts";

/** Measures the accuracy on a recording or a simulation; returns 1 if a limit is exceeded. */
export async function run({ settings, print }: CommandContext): Promise<number> {
  const { jsonPath, htmlPath } = settings.validate;
  const report = await validate(settings, openInput(settings));
  print(reportText(report));
  if (jsonPath !== undefined) write(jsonPath, reportJson(report));
  if (htmlPath !== undefined) write(htmlPath, reportHtml(report));
  return report.missed.length ? EXIT.limitMissed : EXIT.ok;
}

function write(path: string, text: string): void {
  try {
    Deno.writeTextFileSync(path, text);
  } catch (cause) {
    const reason = reasonOf(cause);
    throw new UnavailableError(`Cannot write ${path}: ${reason}`, { cause });
  }
}
