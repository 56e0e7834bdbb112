import { makeNewFilesPrivate } from "../base/private_files.ts";
import { onHangUp, stopSignal } from "../app/stop_signal.ts";
import { AlertServer } from "../alerting/alert_server.ts";
import { EXIT } from "../base/errors.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import type { CommandContext } from "./command.ts";

/** Sends alerts about the devices that publish to one Redis, until it is stopped. */
export async function run({ settings, log }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { redis, reader: { devices }, alert } = settings;
  using stop = stopSignal(log);
  await using server = await AlertServer.open({
    redis: redisOptions(redis),
    devices,
    // The rule of this command requires it.
    rulesPath: alert.rulesPath!,
    journalPath: alert.journalPath,
    clock: new SystemClock(undefined, undefined, log),
    log,
  });
  using _hangUp = onHangUp(() => void server.reload());
  await server.run(stop.signal);
  return EXIT.ok;
}
