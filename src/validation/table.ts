import { ConfigError } from "../base/errors.ts";

/** A CSV file of numbers: one column per name, as long as each other; an empty cell is NaN. */
export interface NumberTable {
  readonly path: string;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Float64Array>;
}

/** A file or a choice of columns that cannot be used; the message says what to change. */
export class TableError extends ConfigError {}

/**
 * Parses comma-separated numbers with one line of names.
 *
 * @throws {TableError} naming the line and the cell that is no number.
 */
export function parseTable(text: string, path = "the table"): NumberTable {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = (lines[0] ?? "").split(",").map((name) => name.trim());
  if (names.length < 2 || names.some((name) => name === "")) {
    throw new TableError(`Cannot read ${path}: the first line must name the columns`);
  }
  const columns = names.map(() => new Float64Array(lines.length - 1));
  for (let row = 1; row < lines.length; row++) {
    const cells = lines[row]!.split(",");
    if (cells.length !== names.length) {
      throw new TableError(
        `Cannot read ${path}: row ${row} has ${cells.length} cells, the first line ${names.length}`,
      );
    }
    cells.forEach((cell, column) => {
      const value = cell.trim() === "" ? NaN : Number(cell);
      if (Number.isNaN(value) && !/^(nan)?$/i.test(cell.trim())) {
        throw new TableError(
          `Cannot read ${path}: row ${row}, ${names[column]}: no number: ${cell}`,
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

/** @throws {TableError} naming the columns that exist. */
export function column(table: NumberTable, name: string): Float64Array {
  const found = table.columns.get(name);
  if (!found) {
    const known = [...table.columns.keys()].join(", ");
    throw new TableError(`Cannot find the column ${name} in ${table.path}: it has ${known}`);
  }
  return found;
}

/** Times in seconds from the column `t_s`, which must not fall; a repeated time is no new sample. */
export function timesOf(table: NumberTable): Float64Array {
  const times = column(table, "t_s");
  for (let row = 0; row < times.length; row++) {
    if (!Number.isFinite(times[row]) || (row > 0 && times[row]! < times[row - 1]!)) {
      throw new TableError(
        `Cannot use ${table.path}: t_s must not fall: row ${row + 1}: ${times[row]}`,
      );
    }
  }
  return times;
}
