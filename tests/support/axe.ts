import axe from "axe-core/axe.min.js" with { type: "text" };
import type { ChromiumPage } from "./chromium.ts";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Returns the violations that axe finds on a page, in a line each. */
export async function axeViolations(page: ChromiumPage): Promise<string[]> {
  await page.evaluate(`${axe}; 0`);
  const violations = await page.evaluate<readonly Violation[]>(
    "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)",
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)
  );
}
