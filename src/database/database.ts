import { AppError } from "../base/errors.ts";
import type { Row } from "./tables.ts";

/** Age limits, in microseconds since the Unix epoch: what is older is deleted. */
export interface Retention {
  /** Of rows other than hourly ones; undefined if they are kept. */
  readonly beforeUs: number | undefined;
  /** Of hourly rows; undefined if they are kept. */
  readonly hourlyBeforeUs: number | undefined;
}

/** A database that the logger writes to. One call runs at a time; it fails if this is disposed. */
export interface Database extends AsyncDisposable {
  /**
   * Connects, and creates or migrates the schema. A failed `open` or `write` closes what was open,
   * so that `open` can be called again.
   *
   * @throws {ConfigError} if the database cannot be used without a change by the operator
   * @throws {Error} if it is unavailable
   */
  open(): Promise<void>;

  /**
   * Stores rows, all or none; rows that are already stored change nothing.
   *
   * @throws {RejectedRowsError} if it never accepts these rows
   * @throws {Error} if it is unavailable
   */
  write(rows: readonly Row[]): Promise<void>;

  /**
   * Returns the newest time in `measurements` of each device, in microseconds since the Unix epoch;
   * empty if the database cannot be read.
   */
  newestTimes(): Promise<ReadonlyMap<string, number>>;

  /**
   * Deletes what is older than the retention.
   *
   * @throws {Error} if it is unavailable
   */
  expire(retention: Retention): Promise<void>;
}

/** Rows that a database does not accept, however often they are sent. */
export class RejectedRowsError extends AppError {}
