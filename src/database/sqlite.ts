import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { AppError, reasonOf } from "../base/errors.ts";
import { makePrivate } from "../base/private_files.ts";
import type { Database, Retention } from "./database.ts";
import { hourlySums } from "./hourly.ts";
import { pendingMigrations } from "./schema_version.ts";
import { ADD_TO_HOURLY, insertStatement, SQLITE_MIGRATIONS } from "./sqlite_schema.ts";
import { columnsOf, type Row, TABLE_NAMES, type TableName, valuesByTable } from "./tables.ts";

/** Time to wait for the lock of another process, in milliseconds; reading Redis waits as well. */
const LOCK_TIMEOUT_MS = 50;
/** Rows that are deleted, and pages that are returned to the file system, at once. Chosen. */
const [DELETED_ROWS, FREED_PAGES] = [5000, 1000];

interface Connection {
  readonly database: DatabaseSync;
  readonly inserts: Readonly<Record<TableName, StatementSync>>;
  readonly addToHourly: StatementSync;
}

/** A SQLite file, which only its owner can read. Other processes can read it at the same time. */
export class SqliteDatabase implements Database {
  readonly #path: string;
  #connection: Connection | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async open(): Promise<void> {
    this.#close();
    try {
      await Deno.stat(this.#path).then(() => makePrivate(this.#path), () => {});
      const database = new DatabaseSync(this.#path, { timeout: LOCK_TIMEOUT_MS });
      try {
        this.#connection = prepare(database);
      } catch (error) {
        database.close();
        throw error;
      }
    } catch (cause) {
      throw cause instanceof AppError ? cause : new AppError(reasonOf(cause), { cause });
    }
  }

  write(rows: readonly Row[]): Promise<void> {
    return this.#run(({ database, inserts, addToHourly }) => {
      const tables = valuesByTable(rows);
      transaction(database, () => {
        const added = tables.measurements.filter((row) =>
          inserts.measurements.run(...parametersOf("measurements", row)).changes === 1
        );
        for (const row of tables.statuses) inserts.statuses.run(...parametersOf("statuses", row));
        for (const row of tables.recordings) {
          inserts.recordings.run(...parametersOf("recordings", row));
        }
        for (const { device, hour, measurements, ...sums } of hourlySums(added)) {
          const { pulse, breathing, hrvRmssdMs } = sums;
          addToHourly.run(
            ...[device, hour, measurements],
            ...[pulse.count, pulse.sum, pulse.min, pulse.max],
            ...[breathing.count, breathing.sum, breathing.min, breathing.max],
            ...[hrvRmssdMs.count, hrvRmssdMs.sum],
          );
        }
      });
    });
  }

  newestTimes(): Promise<ReadonlyMap<string, number>> {
    return this.#run(({ database }) => {
      const rows = database.prepare(
        `SELECT device, (SELECT max(time) FROM measurements WHERE device = known.device) AS time
        FROM (SELECT DISTINCT device FROM hourly) AS known`,
      ).all();
      return new Map(
        rows.flatMap(({ device, time }) => time === null ? [] : [[String(device), Number(time)]]),
      );
    });
  }

  async expire({ beforeUs, hourlyBeforeUs }: Retention): Promise<void> {
    await this.#run(({ database }) => {
      for (const name of TABLE_NAMES) deleteBefore(database, name, "time", beforeUs);
      deleteBefore(database, "hourly", "hour", hourlyBeforeUs);
      // Each step frees a page; exec() would take the first only.
      database.prepare(`PRAGMA incremental_vacuum(${FREED_PAGES})`).all();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  // deno-lint-ignore require-await -- an exception becomes a rejection
  async #run<T>(task: (connection: Connection) => T): Promise<T> {
    const connection = this.#connection;
    if (!connection) throw new AppError("the file is closed");
    try {
      return task(connection);
    } catch (cause) {
      this.#close();
      throw new AppError(reasonOf(cause), { cause });
    }
  }

  #close(): void {
    this.#connection?.database.close();
    this.#connection = undefined;
  }
}

/** Migrates the schema and prepares the statements. */
function prepare(database: DatabaseSync): Connection {
  // Takes effect in a new file only.
  database.exec("PRAGMA auto_vacuum = INCREMENTAL");
  database.exec("PRAGMA journal_mode = WAL");
  // A power cut can lose the last transactions, and never damages the file.
  database.exec("PRAGMA synchronous = NORMAL");
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  const pending = pendingMigrations(SQLITE_MIGRATIONS, version);
  if (pending.length > 0) {
    transaction(database, () => {
      for (const migration of pending) database.exec(migration);
      database.exec(`PRAGMA user_version = ${SQLITE_MIGRATIONS.length}`);
    });
  }
  return {
    database,
    inserts: {
      measurements: database.prepare(insertStatement("measurements")),
      statuses: database.prepare(insertStatement("statuses")),
      recordings: database.prepare(insertStatement("recordings")),
    },
    addToHourly: database.prepare(ADD_TO_HOURLY),
  };
}

function transaction(database: DatabaseSync, task: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    task();
    database.exec("COMMIT");
  } catch (error) {
    // A full disk has ended the transaction already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** Deletes the oldest rows; what is more than the limit is deleted the next time. */
function deleteBefore(
  database: DatabaseSync,
  table: string,
  column: string,
  beforeUs: number | undefined,
): void {
  if (beforeUs === undefined) return;
  const key = table === "measurements" ? "device, boot_id, sequence" : `device, ${column}`;
  // By device, so that the index of device and time is used.
  const devices = database.prepare(`SELECT DISTINCT device FROM ${table}`).all();
  const statement = database.prepare(
    `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE device = ? AND ${column} < ?
      ORDER BY ${column} LIMIT ${DELETED_ROWS})`,
  );
  for (const { device } of devices) statement.run(device ?? null, Math.round(beforeUs));
}

function parametersOf(
  table: TableName,
  row: Readonly<Record<string, string | number | boolean | null>>,
): SQLInputValue[] {
  return columnsOf(table).map(([name]) => {
    const value = row[name] ?? null;
    return typeof value === "boolean" ? Number(value) : value;
  });
}
