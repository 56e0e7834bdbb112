import type { Row } from "./matrix.ts";

const COLUMNS = [
  "fault",
  "missing",
  "doubled",
  "replayed again",
  "out of order",
  "foreign",
  "oldest",
  "recovery",
] as const;

/** The heading of the table as text. */
export const HEADER = COLUMNS;

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
export function textOf(row: Row | typeof HEADER): string {
  const cells = "fault" in row ? cellsOf(row) : row;
  return cells.map((cell, at) => at === 0 ? cell.padEnd(24) : cell.padStart(14)).join(" ");
}

/** Returns the table in Markdown, and the causes. */
export function renderMarkdown(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [
    line(COLUMNS),
    line(COLUMNS.map((_, at) => at === 0 ? "---" : "--:")),
    ...rows.map((row) => line(cellsOf(row))),
  ];
  const causes = rows.map(({ fault }) => `- \`${fault.name}\`: ${fault.cause}`);
  return [...table, "", ...causes].join("\n");
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
