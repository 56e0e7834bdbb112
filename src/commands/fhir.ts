import { stopSignal } from "../app/stop_signal.ts";
import { EXIT } from "../base/errors.ts";
import { makeNewFilesPrivate } from "../base/private_files.ts";
import { EXPORTED_TOPICS, Exporter } from "../fhir/exporter.ts";
import { patientOf } from "../fhir/flags.ts";
import { openSink } from "../fhir/open.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { EnvelopeReader } from "../transports/redis/envelope_reader.ts";
import { redisOptions } from "../transports/redis/settings.ts";
import type { CommandContext } from "./command.ts";

/** Exports the vital signs of devices as FHIR resources until it is stopped. */
export async function run({ settings, log }: CommandContext): Promise<number> {
  makeNewFilesPrivate();
  const { redis, reader: { devices }, fhir } = settings;
  using stop = stopSignal(log);
  const clock = new SystemClock();
  await using sink = openSink(fhir, { log, clock });
  const exporter = new Exporter({
    sink,
    mapping: {
      site: fhir.site,
      patientOf: (device) => patientOf(fhir, device),
      profiles: fhir.profiles,
      withheld: fhir.withheld,
    },
    intervalS: fhir.intervalS,
    waveforms: fhir.waveforms,
    log,
    clock,
  });
  await using reader = new EnvelopeReader({
    redis: redisOptions(redis),
    devices,
    topics: EXPORTED_TOPICS,
    onEnvelope: (message) => exporter.take(message),
    log,
    clock,
  });
  log.info(`Exporting ${devices.join(", ")} at ${redis.host}:${redis.port} to ${fhir.to}`);
  const finished = new AbortController();
  const delivery = sink.run(finished.signal);
  try {
    await Promise.all([reader.run(stop.signal), exporter.run(stop.signal)]);
  } finally {
    finished.abort();
    await delivery;
  }
  return EXIT.ok;
}
