import { TOPIC_TABLE, type TopicRow } from "../envelopes/fields/table.ts";
import { isRecord, type ReceivedEnvelope } from "../envelopes/received.ts";
import type { Column, ColumnFile } from "./column_file.ts";

/** The first line of the CSV. */
export const CSV_HEADER = "timestamp,series,field,value\n";

/**
 * Rows of a series that are kept in memory, because a sample may be sent again: over 8 s of 30
 * samples per second. Chosen.
 */
const OPEN_ROWS = 256;

/** Limits of what a hostile message can invent; the server has some 30 series of up to 12 fields. */
const MAX_SERIES = 256;
const MAX_UNDOCUMENTED = 64;
const MAX_FIELDS = 64;

/** Fields and their values in turn, which takes less memory than a map. */
type Row = unknown[];

interface Series {
  /** The newest rows by timestamp, oldest first. */
  readonly rows: Map<number, Row>;
  /** The texts of the written rows; `timestamp` comes first. */
  readonly columns: Map<string, Column>;
  written: number;
}

/**
 * Converts envelopes to time series in constant memory. A list of samples with numbers as timestamps
 * becomes a series; an object of primitive values becomes one row at the envelope's timestamp, and
 * so does a single primitive value, in the column `value`. A later sample with the same timestamp
 * replaces the earlier one, if that is among the last 256 of its series.
 *
 * Of one file, 256 series of 64 fields are converted, of which 64 are undocumented, and no more.
 *
 * The columns have equal length: `timestamp` in microseconds, and one per field, null if absent. The
 * CSV has a line per value, in the order of time for each series.
 *
 * @example
 * ```ts
 * const series = new SeriesWriter({ columns, csv });
 * series.add({ type: "core_metrics", timestamp: 5, payload: { pulse: { strict: { value: 72 } } } });
 * for (const part of series.json()) file.write(part); // {"core_metrics.pulse.strict":{"timestamp":[5],"value":[72]}}
 * ```
 */
export class SeriesWriter {
  readonly #series = new Map<string, Series>();
  #undocumented = 0;
  readonly #columns: ColumnFile;
  readonly #csv: { write(text: string): void };

  constructor({ columns, csv }: {
    readonly columns: ColumnFile;
    readonly csv: { write(text: string): void };
  }) {
    this.#columns = columns;
    this.#csv = csv;
  }

  /** Adds the samples of one envelope. */
  add({ type, timestamp, payload }: ReceivedEnvelope): void {
    this.#walk(type, payload, timestamp);
  }

  /**
   * Writes the rows that are still in memory, and yields the columns by series as JSON, in parts
   * that are valid until the next.
   */
  *json(): Generator<string | Uint8Array, void, void> {
    for (const [name, series] of this.#series) {
      for (const [timestamp, row] of series.rows) this.#write(name, timestamp, row);
      series.rows.clear();
    }
    yield "{";
    let separator = "";
    for (const [name, { columns }] of this.#series) {
      yield `${separator}${JSON.stringify(name)}:{`;
      let between = "";
      for (const [field, column] of columns) {
        yield `${between}${JSON.stringify(field)}:[`;
        yield* this.#columns.bytes(column);
        yield "]";
        between = ",";
      }
      yield "}";
      separator = ",";
    }
    yield "}";
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
    let series = this.#series.get(name);
    if (!series) {
      if (!this.#mayAdd(name)) return;
      const columns = new Map([["timestamp", this.#columns.add()]]);
      this.#series.set(name, series = { rows: new Map(), columns, written: 0 });
    }
    let row = series.rows.get(timestamp);
    if (!row) series.rows.set(timestamp, row = []);
    for (const [key, value] of Object.entries(fields)) {
      const isKnown = series.columns.has(key) || series.columns.size + row.length / 2 <= MAX_FIELDS;
      if (key !== "timestamp" && isKnown) setField(row, key, value);
    }
    if (series.rows.size <= OPEN_ROWS) return;
    const [[oldest, oldestRow]] = series.rows as Iterable<[number, Row]> as [[number, Row]];
    series.rows.delete(oldest);
    this.#write(name, oldest, oldestRow);
  }

  /** Series of documented fields have places that invented ones cannot take. */
  #mayAdd(name: string): boolean {
    if (isDocumented(name)) return this.#series.size < MAX_SERIES;
    return this.#undocumented++ < MAX_UNDOCUMENTED;
  }

  #write(name: string, timestamp: number, row: Row): void {
    const series = this.#series.get(name)!;
    for (let i = 0; i < row.length; i += 2) {
      const field = row[i] as string;
      if (!series.columns.has(field) && series.columns.size <= MAX_FIELDS) {
        series.columns.set(field, this.#newColumn(series.written));
      }
    }
    const comma = series.written++ > 0 ? "," : "";
    for (const [field, column] of series.columns) {
      const value = field === "timestamp" ? timestamp : row[indexOf(row, field) + 1] ?? null;
      this.#columns.append(column, comma + JSON.stringify(value));
    }
    for (let i = 0; i < row.length; i += 2) {
      const value = row[i + 1];
      if (value === null || typeof value === "object") continue;
      const cells = [timestamp, name, row[i], value];
      this.#csv.write(cells.map((cell) => csvCell(String(cell))).join(",") + "\n");
    }
  }

  /** A column of `rows` nulls. */
  #newColumn(rows: number): Column {
    const column = this.#columns.add();
    for (let k = 0; k < rows; k++) this.#columns.append(column, k > 0 ? ",null" : "null");
    return column;
  }
}

/** Returns true for `core_metrics.pulse.strict`, whose payload has a documented field `pulse`. */
function isDocumented(name: string): boolean {
  const [type = "", field = ""] = name.split(".");
  const table: Readonly<Record<string, TopicRow>> = TOPIC_TABLE;
  return Object.hasOwn(table, type) && Object.hasOwn(table[type]!.payload.fields, field);
}

/** Returns the index of a field in a row; the length of the row if it is absent. */
function indexOf(row: Row, field: string): number {
  let index = 0;
  while (index < row.length && row[index] !== field) index += 2;
  return index;
}

function setField(row: Row, field: string, value: unknown): void {
  const index = indexOf(row, field);
  row[index] = field;
  row[index + 1] = value;
}

/** Quotes a cell if needed (RFC 4180) and escapes what a spreadsheet would run as a formula. */
function csvCell(text: string): string {
  const safe = /^[=@\t\r]|^[+-](?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
