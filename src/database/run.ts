import { ExitError, reasonOf, UnavailableError } from "../base/errors.ts";
import { SystemClock } from "../telemetry/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { EnvelopeReader } from "../transports/redis/envelope_reader.ts";
import type { RedisOptions } from "../transports/redis/options.ts";
import { DatabaseLogger } from "./database_logger.ts";
import type { DatabaseSettings } from "./flags.ts";
import { createDatabase } from "./open_database.ts";
import { openQueue } from "./open_queue.ts";
import { describeTarget, parseTarget } from "./target.ts";

/** The entries that are read again after a start, for messages that arrived late. Chosen. */
const OVERLAP_MS = 60_000;

export interface RunOptions {
  /** `to` must be set. */
  readonly settings: DatabaseSettings;
  readonly redis: RedisOptions;
  /** Key prefixes, or patterns such as `ward-*`. */
  readonly devices: readonly string[];
  readonly log: Log;
  readonly stop: { readonly signal: AbortSignal; readonly stopped: Promise<void> };
}

/**
 * Reads the envelopes of devices and writes them to a database until it is stopped.
 *
 * @throws {ConfigError} if the database or the spool cannot be used
 * @throws {UnavailableError} if a file cannot be opened
 */
export async function runDatabaseLogger(options: RunOptions): Promise<void> {
  const { settings, redis, devices, log, stop } = options;
  const target = parseTarget(settings.to!);
  const name = describeTarget(target);
  await using database = await createDatabase(target, settings);
  if ("path" in target) {
    await database.open().catch((cause) => {
      if (cause instanceof ExitError) throw cause;
      throw new UnavailableError(`Cannot open ${target.path}: ${reasonOf(cause)}`, { cause });
    });
  }
  using open = await openQueue(settings, { identity: `rows for ${name}`, log });
  const clock = new SystemClock();
  const logger = new DatabaseLogger({ ...settings, database, name, queue: open.queue, clock, log });
  const writing = logger.run(stop.signal);
  writing.catch(() => {}); // awaited below
  log.info(`Logging ${devices.join(", ")} to ${name}`);
  // Histories are read from where the database ends, channels at once.
  const newest = redis.usePubsub
    ? new Map<string, number>()
    : await Promise.race([logger.opened, stop.stopped.then(() => new Map<string, number>())]);
  await using reader = new EnvelopeReader({
    redis,
    devices,
    topics: ["core_metrics", "status", "recording_state"],
    startAfter: (device) => entryBefore(newest.get(device)),
    onEnvelope: (message) => logger.take(message),
    log,
    clock,
  });
  await Promise.race([reader.run(stop.signal), writing]);
  await writing;
}

/** Returns the id of an entry of a history, which is its time in milliseconds. */
function entryBefore(timeUs: number | undefined): string {
  return timeUs === undefined ? "0-0" : `${Math.floor(timeUs / 1000) - OVERLAP_MS}-0`;
}
