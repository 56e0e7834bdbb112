import { stopSignal } from "../app/stop_signal.ts";
import { EXIT } from "../base/errors.ts";
import { makeNewFilesPrivate } from "../base/private_files.ts";
import { runDatabaseLogger } from "../database/run.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import type { CommandContext } from "./command.ts";

/** Writes the metrics of devices from Redis to a database until it is stopped. */
export async function run({ settings, log }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  using stop = stopSignal(log);
  const { database, redis, reader: { devices } } = settings;
  await runDatabaseLogger({ settings: database, redis: redisOptions(redis), devices, log, stop });
  return EXIT.ok;
}
