import { metricsDocument } from "./metrics_document.ts";

/** Every file of this room that is generated, by its path in the repository, with its text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([["docs/METRICS.md", metricsDocument()]]);
}
