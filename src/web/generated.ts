import { WITHHELD_LABELS } from "../vitals/withheld.ts";
import { metricsDocument } from "./metrics_document.ts";

/** Every file of this room that is generated, by its path in the repository, with its text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const rows = Object.entries(WITHHELD_LABELS).map(([reason, label]) =>
    `  ${reason}: ${JSON.stringify(label)},\n`
  );
  return new Map([
    [
      "src/web/page/reasons.js",
      "// Generated from src/vitals/withheld.ts by `deno task docs`; do not edit.\n\n" +
      "/** Labels of the reasons why a value is withheld. */\n" +
      `export const REASONS = {\n${rows.join("")}};\n`,
    ],
    ["docs/METRICS.md", metricsDocument()],
  ]);
}
