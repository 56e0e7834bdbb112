import { makeNewFilesPrivate } from "../base/private_files.ts";
import { stopSignal } from "../app/stop_signal.ts";
import { EXIT } from "../base/errors.ts";
import { FORMATS } from "../recording/formats/list.ts";
import { Recorder } from "../recording/recorder.ts";
import { SessionSaver } from "../recording/saver.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { RedisReader } from "../transports/redis/reader.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import type { CommandContext } from "./command.ts";

/** Saves the metrics of each recording session to files until it is stopped. */
export async function run({ settings, log }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { redis, record } = settings;
  using stop = stopSignal(log);
  const selected = FORMATS.filter(({ name }) => record.formats.includes(name));
  const clock = new SystemClock();
  const { outputDirectory: directory, recipients } = record;
  const vault = recipients === undefined ? undefined : await openVault({ directory, recipients });
  const formats = await Promise.all(selected.map(({ load }) => load()));
  await using saver = new SessionSaver({ directory, formats, log, clock, vault });
  await using reader = new RedisReader({
    redis: redisOptions(redis),
    log,
    onMessage: (_channel, message) => recorder.take(message.toString()),
  });
  const recorder = new Recorder({
    reader,
    saver,
    device: redis.keyPrefix,
    usePubsub: redis.usePubsub,
    clock,
  });
  log.info(`Waiting for recordings of ${redis.keyPrefix} at ${redis.host}:${redis.port}`);
  await Promise.race([recorder.run(stop.signal), stop.stopped]);
  return EXIT.ok;
}

/** Loads the package for age only if it is used. */
async function openVault(options: { readonly directory: string; readonly recipients: string }) {
  const { Vault } = await import("../recording/vault.ts");
  return await Vault.open(options);
}
