import { isRecord } from "../envelopes/received.ts";
import { parseUntrusted } from "../envelopes/untrusted.ts";
import type { Spool } from "../delivery/spool/spool.ts";
import { type Row, TABLES } from "./tables.ts";

export interface RowQueueOptions {
  /** Maximum number of rows in memory; the oldest are dropped. */
  readonly maxRows: number;
  /** Where rows wait while the database is unavailable. @default in memory only */
  readonly spool?: Pick<Spool, "append" | "peek" | "remove" | "length"> | undefined;
  /** Called with the number of rows that were dropped. */
  readonly onDrop: (reason: "memory_full" | "damaged", count: number) => void;
}

/** Rows that are being written. */
interface Batch {
  readonly rows: readonly Row[];
  /** Number of the records of the spool that they come from; 0 if they come from memory. */
  readonly records: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Rows that wait to be written, oldest first: those of the spool, then those in memory. Adding a row
 * never waits.
 */
export class RowQueue {
  readonly #options: RowQueueOptions;
  #waiting: Row[] = [];
  #batch: Batch | undefined;

  constructor(options: RowQueueOptions) {
    this.#options = options;
  }

  /** Number of rows that are not written yet. */
  get length(): number {
    const inMemory = this.#batch?.records === 0 ? this.#batch.rows.length : 0;
    return inMemory + this.#waiting.length + (this.#options.spool?.length ?? 0);
  }

  add(row: Row): void {
    this.#waiting.push(row);
    this.#enforceMaxRows();
  }

  /**
   * Returns up to `count` of the oldest rows; the same ones until `complete` is called.
   *
   * @throws {Error} if the spool cannot be read
   */
  async next(count: number): Promise<readonly Row[]> {
    const { spool, onDrop } = this.#options;
    while (!this.#batch && spool && spool.length > 0) {
      const records = await spool.peek(count);
      const rows = records.map(({ bytes }) => parseRow(decoder.decode(bytes)))
        .filter((row) => row !== undefined);
      if (rows.length > 0) this.#batch = { rows, records: records.length };
      else await spool.remove(records.length);
      if (rows.length < records.length) onDrop("damaged", records.length - rows.length);
    }
    if (!this.#batch && this.#waiting.length > 0) {
      this.#batch = { rows: this.#waiting.splice(0, count), records: 0 };
    }
    return this.#batch?.rows ?? [];
  }

  /** Removes the rows that `next` has returned. */
  async complete(): Promise<void> {
    const records = this.#batch?.records ?? 0;
    this.#batch = undefined;
    if (records > 0) await this.#options.spool?.remove(records);
  }

  /**
   * Moves the rows in memory to the spool, if there is one.
   *
   * @throws {Error} if the disk is full or missing; the rows then stay in memory
   */
  async spill(): Promise<void> {
    const { spool } = this.#options;
    if (!spool) return;
    const batch = this.#batch?.records === 0 ? this.#batch.rows : [];
    const rows = [...batch, ...this.#waiting];
    if (rows.length === 0) return;
    this.#waiting = [];
    if (batch.length > 0) this.#batch = undefined;
    try {
      await spool.append(
        rows.map((row) => ({
          timestamp: row.values.time,
          bytes: encoder.encode(JSON.stringify(row)),
        })),
      );
    } catch (error) {
      this.#waiting = [...rows, ...this.#waiting];
      this.#enforceMaxRows();
      throw error;
    }
  }

  #enforceMaxRows(): void {
    const excess = this.#waiting.length - this.#options.maxRows;
    if (excess <= 0) return;
    this.#waiting.splice(0, excess);
    this.#options.onDrop("memory_full", excess);
  }
}

/** Parses a row of the spool; undefined if another version of the program has written it. */
function parseRow(text: string): Row | undefined {
  const row = parseUntrusted(text);
  if (!isRecord(row) || !isRecord(row["values"])) return undefined;
  const { table, values } = row;
  if (typeof table !== "string" || !Object.hasOwn(TABLES, table)) return undefined;
  const { key } = TABLES[table as keyof typeof TABLES];
  return key.every((name) => values[name] !== undefined) ? row as unknown as Row : undefined;
}
