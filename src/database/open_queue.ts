import { SpoolFolder } from "../delivery/spool/spool_folder.ts";
import { ConfigError, reasonOf } from "../base/errors.ts";
import { Counters } from "../telemetry/counters.ts";
import type { Log } from "../telemetry/log.ts";
import type { DatabaseSettings } from "./flags.ts";
import { RowQueue } from "./row_queue.ts";

/** A queue, and the lock on its spool. */
export interface OpenQueue extends Disposable {
  readonly queue: RowQueue;
}

/**
 * Opens the queue of rows for a database, with what an earlier run has left in the spool.
 *
 * @param identity the database whose rows the spool holds
 * @throws {ConfigError} if the folder of the spool cannot be used
 */
export async function openQueue(
  { memoryRows, spoolPath, spoolMaxBytes }: Pick<
    DatabaseSettings,
    "memoryRows" | "spoolPath" | "spoolMaxBytes"
  >,
  { identity, log }: { readonly identity: string; readonly log: Log },
): Promise<OpenQueue> {
  const totals = new Map<string, number>();
  const onDrop = (reason: string, count: number) => {
    const total = (totals.get(reason) ?? 0) + count;
    totals.set(reason, total);
    log.rateLimited(
      `dropped ${reason}`,
      10,
      "warning",
      "Dropped rows that waited for the database",
      { reason, total },
    );
  };
  if (spoolPath === undefined) {
    return { queue: new RowQueue({ maxRows: memoryRows, onDrop }), [Symbol.dispose]() {} };
  }
  const folder = new SpoolFolder({
    path: spoolPath,
    identity: () => identity,
    counters: new Counters(),
    log,
  });
  try {
    const spool = await folder.open("rows", {
      maxBytes: spoolMaxBytes,
      maxAgeMs: Infinity,
      onDrop,
    });
    return {
      queue: new RowQueue({ maxRows: memoryRows, spool, onDrop }),
      [Symbol.dispose]: () => folder[Symbol.dispose](),
    };
  } catch (cause) {
    folder[Symbol.dispose]();
    throw new ConfigError(`Cannot use the spool ${spoolPath}: ${reasonOf(cause)}`, { cause });
  }
}
