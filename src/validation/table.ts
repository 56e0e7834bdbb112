import { ConfigError } from "../base/errors.ts";

/** A CSV file of numbers: named columns of equal length; an empty cell is NaN. */
export interface NumberTable {
  readonly path: string;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

/** A table, or a choice of its columns, that cannot be used. */
export class TableError extends ConfigError {}

/**
 * Parses comma-separated numbers with a header line.
 *
 * @throws {TableError} if a row or a cell is invalid
 */
export function parseTable(text: string, path = "the table"): NumberTable {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = (lines[0] ?? "").split(",").map((name) => name.trim());
  if (names.length < 2 || names.some((name) => name === "")) {
    throw new TableError(`Cannot read ${path}: the header line must name at least two columns`);
  }
  const columns = names.map(() => new Float64Array(lines.length - 1));
  for (let row = 1; row < lines.length; row++) {
    const cells = lines[row]!.split(",");
    if (cells.length !== names.length) {
      throw new TableError(
        `Cannot read ${path}: row ${row} has ${cells.length} cells, the header line has ${names.length}`,
      );
    }
    cells.forEach((cell, column) => {
      const value = cell.trim() === "" ? NaN : Number(cell);
      if (Number.isNaN(value) && !/^(nan)?$/i.test(cell.trim())) {
        throw new TableError(
          `Cannot read ${path}: row ${row}, column ${names[column]}: not a number: ${cell}`,
        );
      }
      columns[column]![row - 1] = value;
    });
  }
  return {
    path,
    rows: lines.length - 1,
    columns: new Map(names.map((name, column) => [name, columns[column]!])),
  };
}

/**
 * Returns the values of a column.
 *
 * @throws {TableError} if the column does not exist
 */
export function column(table: NumberTable, name: string): Float64Array {
  const found = table.columns.get(name);
  if (!found) {
    const names = [...table.columns.keys()].join(", ");
    throw new TableError(`Cannot find the column ${name} in ${table.path}: it has ${names}`);
  }
  return found;
}

/**
 * Returns the times from the column `t_s`, in seconds. Repeated times are allowed.
 *
 * @throws {TableError} if a time is not finite or decreases
 */
export function timesOf(table: NumberTable): Float64Array {
  const times = column(table, "t_s");
  for (let row = 0; row < times.length; row++) {
    if (!Number.isFinite(times[row]) || (row > 0 && times[row]! < times[row - 1]!)) {
      throw new TableError(
        `Cannot use ${table.path}: t_s must not decrease: row ${row + 1}: ${times[row]}`,
      );
    }
  }
  return times;
}
