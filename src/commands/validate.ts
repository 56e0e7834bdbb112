import { makeNewFilesPrivate } from "../base/private_files.ts";
import { EXIT, reasonOf, UnavailableError } from "../base/errors.ts";
import { quoteForShell } from "../base/shell.ts";
import { VERSION } from "../base/version.ts";
import { maskUrls } from "../config/secret.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { openStudy } from "../validation/open_study.ts";
import { Progress } from "../validation/progress.ts";
import { reportJson } from "../validation/report.ts";
import { reportHtml } from "../validation/report_html.ts";
import { reportText } from "../validation/report_text.ts";
import { validate } from "../validation/validate.ts";
import type { CommandContext } from "./command.ts";

/** Measures the accuracy on recordings or a simulation; returns 1 if a limit is exceeded. */
export async function run({ settings, argv, print }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { jsonPath, htmlPath } = settings.validate;
  const report = await validate(settings, openStudy(settings), {
    provenance: {
      command: maskUrls(["physiology_server", ...argv].map(quoteForShell).join(" ")),
      version: VERSION,
      generatedAt: new Date().toISOString().replace(/\.\d+/, ""),
    },
    progress: new Progress({
      write: (text) => void Deno.stderr.writeSync(new TextEncoder().encode(text)),
      terminal: Deno.stderr.isTerminal(),
      clock: new SystemClock(),
    }),
  });
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
