import { Appliance } from "../app/appliance.ts";
import { misspelledVariables } from "../config/environment.ts";
import { EXIT, UnavailableError } from "../base/errors.ts";
import { FLAGS, type Settings } from "../app/flags.ts";
import { VERSION } from "../base/version.ts";
import { SourceError } from "../capture/frame.ts";
import { CommandHandler } from "../control/commands.ts";
import { Recording } from "../control/recording.ts";
import { RecordingFile } from "../control/recording_file.ts";
import { EnvelopeFactory } from "../envelopes/envelope_factory.ts";
import type { Envelope } from "../envelopes/envelope.ts";
import { FramePacing } from "../frames/pacing.ts";
import { Hud } from "../frames/overlay.ts";
import { JpegEncoder } from "../frames/jpeg_encoder.ts";
import { FrameOutput } from "../frames/frame_output.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { Counters } from "../telemetry/counters.ts";
import { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { Systemd } from "../telemetry/systemd.ts";
import { createVitalsEngine } from "../vitals/engine.ts";
import { Vision } from "../vision/vision.ts";
import type { CommandContext } from "./command.ts";
import { openGrpc } from "../app/grpc.ts";
import { openPage } from "../app/page.ts";
import { openOutput } from "../app/output.ts";
import { openSource } from "../app/source.ts";
import { Reloads } from "../app/reload.ts";
import { detectStall } from "../app/stall.ts";
import { stopSignal } from "../app/stop_signal.ts";

/** Measures and publishes until it is asked to stop or the video has ended. */
export async function run({ settings, log, reload }: CommandContext): Promise<number> {
  log.info(`physiology_server ${VERSION} starts`);
  for (const sentence of misspelledVariables(FLAGS, Deno.env.toObject())) log.warning(sentence);
  const { camera, vitals, publish, server } = settings;
  const clock = new SystemClock();
  const counters = new Counters();
  const health = new Health(clock);
  await using systemd = new Systemd({ log });
  using reloads = new Reloads({ settings, read: reload, log });
  const context = { clock, counters, health, log };
  using stop = stopSignal(log);
  stop.signal.addEventListener("abort", () => systemd.stopping());

  const recording = new Recording();
  const commandHandler = new CommandHandler({ recording, counters, log });
  const engine = createVitalsEngine({
    phasicPressure: vitals.enablePhasicBp,
    eda: vitals.enableEda,
  });
  const source = await openSource(settings, context);
  await using vision = await Vision.open({
    log,
    ...(vitals.pulseModelPath === undefined ? {} : { pulseModelPath: vitals.pulseModelPath }),
  });
  await using encoder = new JpegEncoder({ quality: publish.jpegQuality });
  await using grpc = openGrpc(settings, {
    recording,
    commands: commandHandler,
    counters,
    log,
    onReset: () => engine.reset(),
  });
  await using output = openOutput(settings, { ...context, commandHandler, grpc });
  const metricsWanted = () => !server.metricsOnlyWhileRecording || recording.state.recording;
  await using page = await openPage(settings, {
    ...context,
    publisher: output.publisher,
    commands: commandHandler,
    state: () => ({ status: appliance.status, metricsWanted: metricsWanted() }),
  });
  const { publisher } = page;
  if (output.reload) reloads.add({ topics: ["redis"], apply: output.reload });
  const envelopes = new EnvelopeFactory(clock);
  openRecording(settings, { recording, commandHandler, log });

  const appliance = new Appliance({
    source,
    vision,
    engine,
    envelopes,
    frames: new FrameOutput({
      publisher,
      encoder,
      envelopes,
      counters,
      log,
      pacing: new FramePacing({
        policy: publish.framePublish,
        maxFps: publish.frameRateFps || undefined,
      }),
    }),
    publisher,
    recording,
    ...context,
    hud: publish.enableHud ? new Hud() : undefined,
    listeners: [
      (envelope) => grpc?.publish(envelope),
      (envelope) => envelope.type === "status" && systemd.status(envelope.payload.message),
      (envelope) => server.once && isComplete(envelope) && stop.stop(),
    ],
  }, {
    bufferDurationS: vitals.bufferDurationS,
    edgeMetrics: publish.enableEdgeMetrics,
    metricsOnlyWhileRecording: server.metricsOnlyWhileRecording,
    lockExposure: camera.autoLock,
  });
  log.info(`Reading ${source.description}`);
  const ready = () => systemd.ready(`Reading ${source.description}`);
  reloads.listen({ before: () => systemd.reloading(), after: ready });
  systemd.watch(() =>
    detectStall({
      health,
      status: appliance.status,
      metricsWanted: metricsWanted(),
    })
  );
  ready();
  if (server.durationS > 0) setTimeout(() => stop.stop(), server.durationS * 1000);
  try {
    await appliance.run(stop.signal);
  } catch (error) {
    if (error instanceof SourceError) {
      throw new UnavailableError(`${error.message}: ${error.hint}`, { cause: error });
    }
    throw error;
  }
  const { trouble } = publisher;
  const neverTold = trouble !== undefined && health.ageS("acknowledgement") === undefined;
  if (neverTold && !stop.signal.aborted) {
    throw new UnavailableError(`The input has ended and nobody got anything of it: ${trouble}`);
  }
  return EXIT.ok;
}

/** Goes on with the recording that a crash interrupted, or begins one where that is asked for. */
function openRecording(
  { server: { statePath, startWithRecordingOn } }: Settings,
  { recording, commandHandler, log }: {
    readonly recording: Recording;
    readonly commandHandler: CommandHandler;
    readonly log: Log;
  },
): void {
  const file = statePath === undefined ? undefined : new RecordingFile(statePath, log);
  const interrupted = file?.interrupted();
  file?.follow(recording);
  if (interrupted) {
    log.warning("Going on with the recording that ran when the server last ended unasked");
    commandHandler.apply(interrupted, "restart");
  } else if (startWithRecordingOn) {
    commandHandler.apply({ recording: true }, "flag");
  }
}

/** Both numbers to show a person are there. */
function isComplete(envelope: Envelope): boolean {
  if (envelope.type !== "core_metrics") return false;
  const { pulse, breathing } = envelope.payload;
  return pulse?.strict !== undefined && breathing?.strict !== undefined;
}
