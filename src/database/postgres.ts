import { once } from "node:events";
import { connect, type Socket } from "node:net";
import postgres, { type Sql } from "postgres";
import { AppError, ExitError } from "../base/errors.ts";
import { readCertificate } from "../base/pem.ts";
import { serverNameOf } from "../base/server_name.ts";
import { type Database, RejectedRowsError, type Retention } from "./database.ts";
import { insertStatement, POSTGRES_MIGRATIONS } from "./postgres_schema.ts";
import { pendingMigrations } from "./schema_version.ts";
import { type Row, TABLE_NAMES, valuesByTable } from "./tables.ts";
import type { PostgresTarget } from "./target.ts";

export interface PostgresOptions {
  readonly target: PostgresTarget;
  /** Empty for none. */
  readonly password: string;
  /** PEM file of the authorities that are trusted. @default those of Deno */
  readonly tlsCaPath?: string | undefined;
  /**
   * Time for one transaction, in milliseconds; the protocol has no keepalive that would notice a
   * server that does not respond. @default 10_000
   */
  readonly timeoutMs?: number;
  /** Time for the migration of a large database, in milliseconds. @default 3_600_000 */
  readonly migrationTimeoutMs?: number;
}

/** Serializes the migrations of several loggers; a key of pg_advisory_xact_lock(). Chosen. */
const MIGRATION_LOCK = 7_260_115;
/** Rows that one statement deletes, so that it stays within the time of a transaction. Chosen. */
const DELETED_ROWS = 10_000;
/** SQLSTATE classes of values that are never accepted: data exception, and violated constraint. */
const REJECTED = /^2[23]/;

/** PostgreSQL from version 12, with the tables in the schema `physiology`. */
export class PostgresDatabase implements Database {
  readonly #options: Required<Omit<PostgresOptions, "tlsCaPath">> & PostgresOptions;
  #sql: Sql | undefined;
  #socket: Socket | undefined;
  /** Ends the task that runs. */
  #interrupt: ((reason: Error) => void) | undefined;

  constructor(options: PostgresOptions) {
    this.#options = { timeoutMs: 10_000, migrationTimeoutMs: 3_600_000, ...options };
  }

  async open(): Promise<void> {
    this.#close();
    const { target, password, tlsCaPath, timeoutMs } = this.#options;
    const { host, port, user, database, tls } = target;
    const ca = tlsCaPath === undefined ? {} : { ca: readCertificate(tlsCaPath, "TLS file") };
    const sql: Sql = this.#sql = postgres({
      host,
      port,
      user,
      database,
      password,
      ssl: tls && {
        minVersion: "TLSv1.2",
        host,
        ...serverNameOf(host),
        ...ca,
      },
      sslnegotiation: null,
      socket: async () => {
        // The library connects again if it loses a connection before its first query was answered.
        if (this.#sql !== sql) throw connectionClosed();
        const socket = this.#socket = connect({ host, port, noDelay: true });
        await once(socket, "connect");
        return socket;
      },
      max: 1,
      // Its timer would outlive the connection. Every task has a limit that includes the connection.
      connect_timeout: 0,
      idle_timeout: 0,
      max_lifetime: null,
      fetch_types: false,
      onnotice: () => {},
      connection: {
        application_name: "physiology_server log",
        TimeZone: "UTC",
        // A statement whose result is no longer awaited ends on the server, too.
        statement_timeout: timeoutMs,
      },
    } as postgres.Options<Record<string, never>>);
    await this.#within(timeoutMs, async (sql) => void await sql`SELECT 1`);
    await this.#migrate();
  }

  async write(rows: readonly Row[]): Promise<void> {
    const tables = valuesByTable(rows);
    await this.#within(this.#options.timeoutMs, (sql) =>
      sql.begin(async (transaction) => {
        for (const name of TABLE_NAMES) {
          if (tables[name].length === 0) continue;
          await transaction.unsafe(INSERTS[name], [JSON.stringify(tables[name])], {
            prepare: true,
          });
        }
      }));
  }

  async newestTimes(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#within(
      this.#options.timeoutMs,
      (sql) =>
        sql<{ device: string; us: string }[]>`
        SELECT device, (extract(epoch FROM newest) * 1000000)::bigint AS us
        FROM (SELECT DISTINCT device FROM physiology.hourly) AS known, LATERAL (
          SELECT time AS newest FROM physiology.measurements WHERE device = known.device
          ORDER BY time DESC LIMIT 1
        ) AS last`,
    );
    return new Map(rows.map(({ device, us }) => [device, Number(us)]));
  }

  async expire({ beforeUs, hourlyBeforeUs }: Retention): Promise<void> {
    for (const name of TABLE_NAMES) await this.#deleteBefore(name, "time", beforeUs);
    await this.#deleteBefore("hourly", "hour", hourlyBeforeUs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    return Promise.resolve();
  }

  async #migrate(): Promise<void> {
    const { migrationTimeoutMs } = this.#options;
    await this.#within(migrationTimeoutMs, async (sql) => {
      const versionOf = async (on: Pick<Sql, "unsafe">) => {
        const [table] = await on.unsafe("SELECT to_regclass('physiology.schema_version') AS name");
        if (table?.["name"] === null) return 0;
        const [row] = await on.unsafe(
          "SELECT coalesce(max(version), 0) AS version FROM physiology.schema_version",
        );
        return Number(row?.["version"]);
      };
      // Without a pending migration, the rights to create anything are not needed.
      if (pendingMigrations(POSTGRES_MIGRATIONS, await versionOf(sql)).length === 0) return;
      await sql.begin(async (transaction) => {
        await transaction`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`;
        await transaction.unsafe(`SET LOCAL statement_timeout = ${migrationTimeoutMs}`);
        const [schema] = await transaction`SELECT to_regnamespace('physiology') AS name`;
        if (schema?.["name"] === null) await transaction`CREATE SCHEMA physiology`;
        await transaction`CREATE TABLE IF NOT EXISTS physiology.schema_version (
          version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())`;
        let version = await versionOf(transaction);
        for (const migration of pendingMigrations(POSTGRES_MIGRATIONS, version)) {
          await transaction.unsafe(migration);
          await transaction`INSERT INTO physiology.schema_version (version) VALUES (${++version})`;
        }
      });
    });
  }

  async #deleteBefore(table: string, column: string, beforeUs: number | undefined): Promise<void> {
    if (beforeUs === undefined) return;
    const statement = `DELETE FROM physiology.${table} WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM physiology.${table} 
      WHERE ${column} < timestamptz 'epoch' + $1::text::float8 * interval '1 microsecond'
      LIMIT ${DELETED_ROWS}))`;
    while (true) {
      const { count } = await this.#within(
        this.#options.timeoutMs,
        (sql) => sql.unsafe(statement, [String(beforeUs)]),
      );
      if (count < DELETED_ROWS) return;
    }
  }

  /** Runs a task on the connection; after a failure or the time limit, the connection is closed. */
  async #within<T>(timeoutMs: number, task: (sql: Sql) => PromiseLike<T>): Promise<T> {
    const sql = this.#sql;
    if (!sql) throw connectionClosed();
    const interrupted = Promise.withResolvers<never>();
    this.#interrupt = interrupted.reject;
    const timer = setTimeout(
      () => interrupted.reject(new AppError(`it has not responded for ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    try {
      const running = Promise.resolve(task(sql));
      running.catch(() => {}); // after an interruption, nothing awaits it
      return await Promise.race([running, interrupted.promise]);
    } catch (error) {
      const { code, message } = error as { code?: unknown; message?: unknown };
      if (typeof code === "string" && REJECTED.test(code)) {
        throw new RejectedRowsError(String(message), { cause: error });
      }
      this.#close();
      throw error instanceof ExitError ? error : readable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #close(): void {
    this.#interrupt?.(connectionClosed());
    // The library would wait for a server that does not respond.
    this.#socket?.destroy();
    this.#sql?.end({ timeout: 0 }).catch(() => {});
    this.#sql = this.#socket = this.#interrupt = undefined;
  }
}

const INSERTS = {
  measurements: insertStatement("measurements"),
  statuses: insertStatement("statuses"),
  recordings: insertStatement("recordings"),
};

function connectionClosed(): AppError {
  return new AppError("the connection is closed");
}

/** An error whose message names the code that can be searched for. */
function readable(error: unknown): Error {
  if (!(error instanceof Error)) return new AppError(String(error), { cause: error });
  const { code } = error as { code?: unknown };
  const message = error.message.trim() || "connection refused";
  return typeof code === "string" && !message.includes(code)
    ? new AppError(`${message} (${code})`, { cause: error })
    : error;
}
