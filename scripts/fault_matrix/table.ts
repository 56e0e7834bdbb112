import type { Fault } from "./fault.ts";
import type { Row } from "./matrix.ts";

/** The heading of the table. */
export const COLUMNS = [
  "fault",
  "missing",
  "doubled",
  "replayed again",
  "out of order",
  "foreign",
  "oldest",
  "recovery",
] as const;

/** Returns the cells of a row. */
export function cellsOf(row: Row): readonly string[] {
  const { fault } = row;
  if (row.skipped !== undefined) return [fault.name, row.skipped];
  const { report } = row;
  return [
    fault.name,
    String(report.missing),
    String(report.doubledUnmarked),
    String(report.doubledMarked),
    String(report.outOfOrder),
    String(report.foreign),
    ageOf(row),
    report.recoveryMs === null ? "none" : seconds(report.recoveryMs),
  ];
}

/** Returns a row, or the heading, as a line of text. */
export function textOf(row: Row | typeof COLUMNS): string {
  const cells = "fault" in row ? cellsOf(row) : row;
  return cells.map((cell, at) => at === 0 ? cell.padEnd(24) : cell.padStart(14)).join(" ");
}

/**
 * Returns the table in Markdown, and the causes.
 *
 * @param faults all rows of the table, in their order
 * @param cells the cells of each row by the name of its fault; others are left out
 */
export function renderMarkdown(
  faults: readonly Fault[],
  cells: ReadonlyMap<string, readonly string[]>,
): string {
  const line = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  const rows = faults.filter(({ name }) => cells.has(name));
  const table = [
    line(COLUMNS),
    line(COLUMNS.map((_, at) => at === 0 ? "---" : "--:")),
    ...rows.map(({ name }) => line(cells.get(name) ?? [])),
  ];
  const causes = rows.map(({ name, cause }) => `- \`${name}\`: ${cause}`);
  return [...table, "", ...causes].join("\n");
}

/** Returns the cells of each row of a table in Markdown, by the name of its fault. */
export function parseMarkdown(text: string): Map<string, readonly string[]> {
  const rows = text.split("\n").filter((line) => line.startsWith("|")).slice(2)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return new Map(rows.map((cells) => [cells[0] ?? "", cells]));
}

/** The greatest age of the newest core metric; after a comma the one once the server has adapted. */
function ageOf({ fault, report }: Exclude<Row, { skipped: string }>): string {
  if (fault.rig?.settableClock) return "-";
  const oldest = seconds(report.oldestMs);
  return fault.settleSeconds === undefined ? oldest : `${oldest}, ${seconds(report.settledMs)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
