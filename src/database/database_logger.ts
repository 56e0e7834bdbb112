import { ExitError, reasonOf } from "../base/errors.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { backoffMs } from "../transports/backoff.ts";
import type { DeviceEnvelope } from "../transports/redis/envelope_reader.ts";
import { type Database, RejectedRowsError } from "./database.ts";
import type { RowQueue } from "./row_queue.ts";
import { rowOf } from "./rows.ts";
import type { Row } from "./tables.ts";

export interface DatabaseLoggerOptions {
  readonly database: Database;
  /** The database in messages. */
  readonly name: string;
  readonly queue: RowQueue;
  /** Time between writes, in milliseconds. */
  readonly flushIntervalMs: number;
  /** Maximum number of rows of a write. */
  readonly batchRows: number;
  /** Age in days at which rows are deleted; 0: never. */
  readonly retentionDays: number;
  readonly hourlyRetentionDays: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Longest delay between attempts, so that rows are visible soon after the database is back. Chosen. */
const MAX_RETRY_MS = 2000;
/** Interval at which old rows are deleted. Chosen. */
const EXPIRE_INTERVAL_US = 600_000_000;
/**
 * Time for writing what waits at the stop, in microseconds, and after which the database is closed,
 * whatever it is doing, in milliseconds. Chosen.
 */
const STOP = { writeUs: 5_000_000, closeMs: 8000 } as const;
const DAY_US = 86_400_000_000;

/**
 * Writes the rows of envelopes to a database, in batches. While the database is unavailable they
 * wait in the queue; reading never waits for the database.
 */
export class DatabaseLogger {
  readonly #options: DatabaseLoggerOptions;
  readonly #opened = Promise.withResolvers<ReadonlyMap<string, number>>();
  #isOpen = false;
  /** Whether the database was closed because it did not respond at the stop. */
  #isClosed = false;
  #attempt = 0;
  /** When old rows are deleted next, in monotonic microseconds. */
  #expireUs = 0;
  #written = 0;
  #rejected = 0;

  constructor(options: DatabaseLoggerOptions) {
    this.#options = options;
    this.#opened.promise.catch(() => {}); // `run` reports it
  }

  /** Resolves with the newest time of each device once the database has been opened. */
  get opened(): Promise<ReadonlyMap<string, number>> {
    return this.#opened.promise;
  }

  /** Takes an envelope; what cannot be stored is ignored. */
  take(message: DeviceEnvelope): void {
    const row = rowOf(message);
    if (row) this.#options.queue.add(row);
  }

  /**
   * Writes until `signal` aborts, and then what waits, or moves it to the spool.
   *
   * @throws {ConfigError} if the database cannot be used without a change by the operator
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, flushIntervalMs } = this.#options;
    const ended = new AbortController();
    const limit = () => void this.#closeLate(ended.signal);
    if (signal.aborted) limit();
    else signal.addEventListener("abort", limit, { once: true });
    try {
      while (!signal.aborted) {
        const isWritten = await this.#flush(() => signal.aborted);
        await clock.sleep(
          isWritten ? flushIntervalMs : backoffMs(++this.#attempt, {
            firstMs: Math.min(flushIntervalMs, MAX_RETRY_MS),
            capMs: MAX_RETRY_MS,
          }),
          signal,
        );
      }
      const endUs = clock.monotonicUs() + STOP.writeUs;
      if (!this.#isClosed) await this.#flush(() => clock.monotonicUs() > endUs);
    } finally {
      ended.abort();
      signal.removeEventListener("abort", limit);
    }
    await this.#spill();
    this.#options.log.info("Stopped logging to the database", {
      rows: this.#written,
      waiting: this.#options.queue.length,
    });
  }

  /** Closes a database that does not respond, so that its call fails, unless `ended` aborts before. */
  async #closeLate(ended: AbortSignal): Promise<void> {
    const { clock, database } = this.#options;
    await clock.sleep(STOP.closeMs, ended);
    if (ended.aborted) return;
    this.#isClosed = true;
    await database[Symbol.asyncDispose]();
  }

  /** Writes what waits; returns false if the database is unavailable. */
  async #flush(isOver: () => boolean): Promise<boolean> {
    const { queue, batchRows, name, log } = this.#options;
    try {
      await this.#open();
      for (
        let rows = await queue.next(batchRows);
        rows.length > 0;
        rows = await queue.next(batchRows)
      ) {
        await this.#write(rows);
        await queue.complete();
        this.#written += rows.length;
        if (isOver()) break;
      }
      await this.#expire();
      this.#attempt = 0;
      return true;
    } catch (error) {
      if (error instanceof ExitError) throw this.#fail(error);
      this.#isOpen = false;
      await this.#spill();
      log.rateLimited(
        "database",
        10,
        "warning",
        `Cannot write to ${name}: ${reasonOf(error)}: rows wait until it is available`,
        { waiting: queue.length },
      );
      return false;
    }
  }

  #fail(error: ExitError): ExitError {
    this.#opened.reject(error);
    return error;
  }

  async #open(): Promise<void> {
    if (this.#isOpen) return;
    const { database, queue, name, log } = this.#options;
    await database.open();
    this.#opened.resolve(await database.newestTimes());
    this.#isOpen = true;
    log.info(`Connected to ${name}`, { waiting: queue.length });
  }

  /** Writes rows; of those that the database never accepts, only the faulty ones are dropped. */
  async #write(rows: readonly Row[]): Promise<void> {
    const { database, log } = this.#options;
    try {
      await database.write(rows);
    } catch (error) {
      if (!(error instanceof RejectedRowsError)) throw error;
      if (rows.length > 1) {
        const half = Math.ceil(rows.length / 2);
        await this.#write(rows.slice(0, half));
        return await this.#write(rows.slice(half));
      }
      log.rateLimited(
        "rejected",
        10,
        "warning",
        "Dropped a row that the database has rejected",
        { reason: error.message, total: ++this.#rejected },
      );
    }
  }

  async #expire(): Promise<void> {
    const { database, retentionDays, hourlyRetentionDays, clock } = this.#options;
    const nowUs = clock.monotonicUs();
    if (nowUs < this.#expireUs || (retentionDays === 0 && hourlyRetentionDays === 0)) return;
    this.#expireUs = nowUs + EXPIRE_INTERVAL_US;
    const beforeUs = (days: number) =>
      days === 0 ? undefined : clock.epochUs(nowUs) - days * DAY_US;
    await database.expire({
      beforeUs: beforeUs(retentionDays),
      hourlyBeforeUs: beforeUs(hourlyRetentionDays),
    });
  }

  async #spill(): Promise<void> {
    const { queue, log } = this.#options;
    try {
      await queue.spill();
    } catch (error) {
      log.rateLimited(
        "spool",
        10,
        "warning",
        `Cannot write to the spool: ${reasonOf(error)}: rows wait in memory`,
      );
    }
  }
}
