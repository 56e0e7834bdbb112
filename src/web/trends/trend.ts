import { median } from "../../base/statistics.ts";
import { ROW_S, TREND_COLUMNS, type TrendColumn, type TrendRow } from "./trend_series.ts";

/** Maximum number of rows of a trend. */
const MAX_TREND_ROWS = 2000;

/** Rows in columns; null for a row without a value. */
export interface TrendTable {
  readonly intervalS: number;
  /** Beginnings of the intervals, in microseconds since the Unix epoch. */
  readonly time: readonly number[];
  readonly columns: Readonly<Record<TrendColumn, readonly (number | null)[]>>;
}

/** A range of time in microseconds since the Unix epoch. */
export interface TimeRange {
  readonly fromUs: number;
  readonly toUs: number;
}

/** Returns the shortest interval, in seconds, with which a range has at most 2000 rows. */
export function intervalFor({ fromUs, toUs }: TimeRange): number {
  // One row less, as a range may begin and end within a row.
  const rows = (toUs - fromUs) / 1e6 / ROW_S;
  return ROW_S * Math.max(1, Math.ceil(rows / (MAX_TREND_ROWS - 1)));
}

/**
 * Arranges rows, in any order, in a table with a row for each interval from the first to the last.
 * A row with several sources has their medians; one without any is empty, so that gaps stay gaps.
 */
export function toTable(rows: readonly TrendRow[], intervalS: number): TrendTable {
  const intervalUs = intervalS * 1e6;
  const groups = new Map<number, TrendRow[]>();
  for (const row of rows) {
    const index = Math.floor(row.timeUs / intervalUs);
    groups.set(index, [...groups.get(index) ?? [], row]);
  }
  const indices = [...groups.keys()];
  const first = indices.reduce((least, index) => Math.min(least, index), Infinity);
  const last = indices.reduce((most, index) => Math.max(most, index), -Infinity);
  const length = Math.min(MAX_TREND_ROWS, Math.max(0, last - first + 1));
  const range = Array.from({ length }, (_, at) => last - length + 1 + at);
  const columnOf = (column: TrendColumn) =>
    range.map((index) => medianOf(groups.get(index) ?? [], column));
  return {
    intervalS,
    time: range.map((index) => index * intervalUs),
    columns: Object.fromEntries(
      TREND_COLUMNS.map((column) => [column, columnOf(column)]),
    ) as Record<TrendColumn, (number | null)[]>,
  };
}

function medianOf(rows: readonly TrendRow[], column: TrendColumn): number | null {
  const values = rows.map(({ values }) => values[column]).filter((value) => value !== undefined);
  // Float32 has about 7 digits: the rest is not measured.
  return values.length === 0 ? null : Math.round(median(values) * 1000) / 1000;
}

/** Returns a table as CSV with a header, with the time as RFC 3339 text and empty cells for gaps. */
export function toCsv({ time, columns }: TrendTable): string {
  const lines = time.map((timeUs, at) => {
    const cells = TREND_COLUMNS.map((column) => columns[column][at] ?? "");
    return [new Date(timeUs / 1000).toISOString(), ...cells].join(",");
  });
  return [["time", ...TREND_COLUMNS].join(","), ...lines].join("\r\n") + "\r\n";
}
