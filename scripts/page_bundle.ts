import css from "uplot/css" with { type: "text" };

const ROOT = new URL("../", import.meta.url).pathname;
const PAGE = "src/web/page";
const NOTICE = "Generated from src/web/page by `deno task docs`; do not edit.";
/** The licence of uPlot requires its notice in every copy. */
const UPLOT_NOTICE = "Contains uPlot (https://github.com/leeoniya/uPlot), MIT License, " +
  "Copyright (c) Leon Sorokin. The whole text: physiology_server licenses.";

/** The scripts of the page, each with the name of its bundle and notices. */
const BUNDLES = [
  { entry: "main.ts", name: "app.js", notices: [NOTICE] },
  { entry: "login.ts", name: "login.js", notices: [NOTICE] },
  { entry: "trend_chart.ts", name: "trend_chart.js", notices: [NOTICE, UPLOT_NOTICE] },
] as const;

/** The scripts and the style that the page loads, by their paths in the repository. */
export function pageFiles(): ReadonlyMap<string, string> {
  const style = `/* ${NOTICE} ${UPLOT_NOTICE} */\n${css.trim()}\n`;
  return new Map([
    ...BUNDLES.map(({ entry, name, notices }): [string, string] => [
      `${PAGE}/generated/${name}`,
      notices.map((notice) => `// ${notice}\n`).join("") + bundle(entry),
    ]),
    [`${PAGE}/generated/trend_chart.css`, style],
  ]);
}

/** @throws {Error} if the bundler fails */
function bundle(entry: string): string {
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform=browser", "--minify", `${PAGE}/${entry}`],
    cwd: ROOT,
  }).outputSync();
  if (!success) throw new Error(`Cannot bundle ${entry}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
