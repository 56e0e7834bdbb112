/** Columns of equal length: `timestamp` in microseconds, and one per field; null if absent. */
export type Columns = { timestamp: unknown[] } & Record<string, unknown[]>;

/**
 * Converts envelopes to time series. A list of samples with numbers as timestamps becomes a series; an object
 * of primitive values becomes one row at the envelope's timestamp, and so does a single primitive
 * value, in the column `value`. A later sample with the same timestamp replaces the earlier one.
 *
 * @example
 * ```ts
 * const series = new SeriesTable();
 * series.add({ type: "core_metrics", timestamp: 5, payload: { pulse: { strict: { value: 72 } } } });
 * series.columns.get("core_metrics.pulse.strict"); // { timestamp: [5], value: [72] }
 * ```
 */
export class SeriesTable {
  readonly columns = new Map<string, Columns>();
  readonly #rows = new Map<string, Map<number, number>>();

  /** Adds the samples of one envelope. */
  add({ type, timestamp, payload }: {
    readonly type: string;
    readonly timestamp: number;
    readonly payload: unknown;
  }): void {
    this.#walk(type, payload, timestamp);
  }

  /** Returns the columns by series name, in the order of their first appearance. */
  toJSON(): Record<string, Columns> {
    return Object.fromEntries(this.columns);
  }

  #walk(name: string, value: unknown, timestamp: number): void {
    if (Array.isArray(value)) {
      for (const sample of value) {
        if (!isRecord(sample)) continue;
        const { timestamp: sampleUs } = sample;
        if (typeof sampleUs === "number") this.#put(name, sampleUs, sample);
      }
    } else if (isRecord(value)) {
      const members = Object.entries(value);
      const isRow = members.length > 0 &&
        members.every(([, member]) => typeof member !== "object" || member === null);
      if (isRow) this.#put(name, timestamp, value);
      else for (const [key, member] of members) this.#walk(`${name}.${key}`, member, timestamp);
    } else {
      this.#put(name, timestamp, { value });
    }
  }

  #put(name: string, timestamp: number, fields: Readonly<Record<string, unknown>>): void {
    let columns = this.columns.get(name);
    let rows = this.#rows.get(name);
    if (!columns || !rows) {
      // No prototype, because field names come from the network.
      columns = Object.assign(Object.create(null), { timestamp: [] }) as Columns;
      this.columns.set(name, columns);
      this.#rows.set(name, rows = new Map());
    }
    let row = rows.get(timestamp);
    if (row === undefined) {
      row = columns.timestamp.length;
      rows.set(timestamp, row);
      for (const [key, column] of Object.entries(columns)) {
        column.push(key === "timestamp" ? timestamp : null);
      }
    }
    for (const [key, value] of Object.entries(fields)) {
      if (key === "timestamp") continue;
      const column = columns[key] ??= new Array(columns.timestamp.length).fill(null);
      column[row] = value;
    }
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Yields CSV lines in long format: `timestamp,series,field,value`, one line per value. */
export function* csvLines(table: SeriesTable): Generator<string> {
  yield "timestamp,series,field,value\n";
  for (const [name, columns] of table.columns) {
    for (const [field, column] of Object.entries(columns)) {
      if (field === "timestamp") continue;
      for (const [row, value] of column.entries()) {
        if (value === null || typeof value === "object") continue;
        const cells = [columns.timestamp[row], name, field, value];
        yield cells.map((cell) => csvCell(String(cell))).join(",") + "\n";
      }
    }
  }
}

/** Quotes a cell if needed (RFC 4180) and escapes what a spreadsheet would run as a formula. */
function csvCell(text: string): string {
  const safe = /^[=@\t\r]|^[+-](?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
