import { median } from "../../base/statistics.ts";

/** The columns of a trend. */
export const TREND_COLUMNS = [
  "pulse",
  "pulse_confidence",
  "breathing",
  "breathing_confidence",
] as const;

export type TrendColumn = typeof TREND_COLUMNS[number];

/** Values of one moment; undefined if they are withheld. */
export type TrendValues = Readonly<Partial<Record<TrendColumn, number>>>;

/** Interval of the rows in memory, in seconds. */
export const ROW_S = 5;
/** Rows of an hour. */
export const MAX_ROWS = 720;
const ROW_US = ROW_S * 1_000_000;
/** Values of a row that count: twice those at the shortest `--buffer_duration`. */
const MAX_VALUES = 100;

/** One row: the medians of the values of an interval; undefined for columns without any. */
export interface TrendRow {
  /** Beginning of the interval, in microseconds since the Unix epoch. */
  readonly timeUs: number;
  readonly values: TrendValues;
}

/** The values of an interval that has not ended. */
interface OpenRow {
  readonly index: number;
  readonly values: Record<TrendColumn, number[]>;
}

/**
 * The last hour of one device in rows of 5 s. The rows are kept in typed arrays of a fixed size, by
 * the time that their values describe.
 */
export class TrendSeries {
  /** The row of each column by its place, NaN for none. */
  readonly #rows = new Float32Array(MAX_ROWS * TREND_COLUMNS.length).fill(NaN);
  /** The number of intervals since the Unix epoch of each place, -1 for an empty one. */
  readonly #indices = new Float64Array(MAX_ROWS).fill(-1);
  /** The newest interval; -1 before the first value. */
  #newest = -1;
  #present: OpenRow | undefined;
  /** Late values, which a device delivers after an outage, beside the present ones. */
  #late: OpenRow | undefined;

  /**
   * Adds the values of a moment. If time goes back, the clock of the device was wrong: the rows after
   * it are removed.
   */
  add(timeUs: number, values: TrendValues): void {
    const index = Math.floor(timeUs / ROW_US);
    if (index < this.#newest) this.#removeAfter(index);
    this.#newest = index;
    if (this.#present?.index !== index) this.#present = this.#open(index);
    this.#addTo(this.#present, values);
  }

  /** Adds late values, as they are delivered after an outage. */
  addLate(timeUs: number, values: TrendValues): void {
    const index = Math.floor(timeUs / ROW_US);
    if (index >= this.#newest || index <= this.#newest - MAX_ROWS) return;
    if (this.#late?.index !== index) this.#late = this.#open(index);
    this.#addTo(this.#late, values);
  }

  /**
   * The rows from the first to the newest one, with those between them that have no values, limited
   * to a range of time in microseconds since the Unix epoch.
   */
  rows(
    { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
  ): readonly TrendRow[] {
    const known = this.#indices.filter((index) => index > this.#newest - MAX_ROWS && index >= 0);
    if (known.length === 0) return [];
    const first = Math.max(Math.min(...known), Math.floor(fromUs / ROW_US));
    const last = Math.min(this.#newest, Math.ceil(toUs / ROW_US) - 1);
    const rows: TrendRow[] = [];
    for (let index = first; index <= last; index++) {
      rows.push({ timeUs: index * ROW_US, values: this.#valuesAt(index) });
    }
    return rows;
  }

  #open(index: number): OpenRow {
    const place = index % MAX_ROWS;
    if (this.#indices[place] !== index) {
      this.#indices[place] = index;
      const start = place * TREND_COLUMNS.length;
      this.#rows.fill(NaN, start, start + TREND_COLUMNS.length);
    }
    return {
      index,
      values: { pulse: [], pulse_confidence: [], breathing: [], breathing_confidence: [] },
    };
  }

  #addTo({ index, values }: OpenRow, added: TrendValues): void {
    const start = (index % MAX_ROWS) * TREND_COLUMNS.length;
    TREND_COLUMNS.forEach((column, at) => {
      const value = added[column];
      if (value === undefined || values[column].length >= MAX_VALUES) return;
      values[column].push(value);
      this.#rows[start + at] = median(values[column]);
    });
  }

  #valuesAt(index: number): TrendValues {
    const place = index % MAX_ROWS;
    if (this.#indices[place] !== index) return {};
    const start = place * TREND_COLUMNS.length;
    return Object.fromEntries(
      TREND_COLUMNS.map((column, at) => [column, this.#rows[start + at]!] as const)
        .filter(([_, value]) => !Number.isNaN(value)),
    );
  }

  #removeAfter(index: number): void {
    for (let place = 0; place < MAX_ROWS; place++) {
      if (this.#indices[place]! > index) this.#indices[place] = -1;
    }
    this.#present = this.#late = undefined;
  }
}
