import { EXIT, UnavailableError } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";
import { misspelledVariables } from "../config/environment.ts";
import { CommandHandler } from "../control/commands.ts";
import { Recording } from "../control/recording.ts";
import { Bus } from "../delivery/bus.ts";
import { EnvelopeFactory } from "../envelopes/envelope_factory.ts";
import { FaceBlur } from "../frames/face_blur.ts";
import { FrameOutput } from "../frames/frame_output.ts";
import { JpegEncoder } from "../frames/jpeg_encoder.ts";
import { Overlay } from "../frames/overlay.ts";
import { FramePacing } from "../frames/pacing.ts";
import { SystemClock } from "../telemetry/clock.ts";
import { Counters } from "../telemetry/counters.ts";
import { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import { Systemd } from "../telemetry/systemd.ts";
import { FaceDetector } from "../vision/detector.ts";
import { Vision } from "../vision/vision.ts";
import { createVitalsEngine } from "../vitals/engine.ts";
import { RateNetwork } from "../vitals/pulse/rate_network/rate_network.ts";
import { Appliance } from "./appliance.ts";
import { GRPC_PORTS } from "../transports/grpc/flags.ts";
import { type Configuration, FLAGS, isUnset } from "./flags.ts";
import { openGrpc } from "./grpc.ts";
import { openOutlets } from "./outlet_sinks.ts";
import { openOutput } from "./output.ts";
import { openPage } from "./page.ts";
import { ProcessingRate } from "./processing_rate.ts";
import { openRecording } from "./recording.ts";
import { Reloads } from "./reload.ts";
import { completionSink, envelopeSink, statusSink } from "./sinks.ts";
import { isSimulated, openSource } from "./source.ts";
import { detectStall } from "./stall.ts";
import { stopSignal } from "./stop_signal.ts";
import { openTrace } from "./trace.ts";

export interface ServerContext extends Pick<Configuration, "settings" | "originOf"> {
  readonly log: Log;
  /** Reads the configuration again. @throws {ExitError} if it is invalid */
  readonly reload: () => Configuration;
  /** Called once, when everything is open and frames are awaited. */
  readonly onReady?: () => void;
}

/**
 * The server's composition root: opens every part, measures and publishes until it is asked to
 * stop or the input ends, and closes the parts in reverse order.
 *
 * @returns the exit status
 * @throws {UnavailableError} if the source gives no frames, or if no message was ever delivered
 */
export async function runServer(
  { settings, originOf, log, reload, onReady }: ServerContext,
): Promise<number> {
  log.info(`physiology_server ${VERSION} starts`);
  for (const sentence of misspelledVariables(FLAGS, Deno.env.toObject())) log.warning(sentence);
  const { camera, vitals, publish, server, logging } = settings;
  const clock = new SystemClock(undefined, undefined, log);
  const counters = new Counters();
  const health = new Health(clock);
  using trace = logging.tracePath === undefined
    ? undefined
    : openTrace(logging.tracePath, { clock, log });
  const context = { clock, counters, health, log, trace };
  await using systemd = new Systemd({ log });
  using reloads = new Reloads({ settings, read: reload, log });
  using stop = stopSignal(log);
  stop.signal.addEventListener("abort", () => systemd.stopping());

  const recording = new Recording();
  const commands = new CommandHandler({ recording, counters, log });
  using rateNetwork = await RateNetwork.open();
  const engine = createVitalsEngine({
    pulse: { rateNetwork },
    phasicPressure: vitals.enablePhasicBp,
    eda: vitals.enableEda,
  });
  const source = await openSource(settings, context);
  await using vision = await Vision.open({
    log,
    ...vitals.pulseModelPath === undefined ? {} : { pulseModelPath: vitals.pulseModelPath },
  });
  await using faceBlur = publish.blurFaces ? new FaceBlur(await FaceDetector.open()) : undefined;
  await using encoder = new JpegEncoder({ quality: publish.jpegQuality });
  await using grpc = openGrpc(settings, {
    recording,
    commands,
    counters,
    log,
    onReset: () => engine.reset(),
    ...isUnset("port", { originOf }) ? { lastPort: GRPC_PORTS.last } : {},
  });
  // What is processed as fast as possible may be slower than it was recorded.
  const maxFrameAgeMs = source.realtime ? publish.maxFrameAgeMs : Infinity;
  await using output = await openOutput(settings, { ...context, commands, grpc, maxFrameAgeMs });
  if (output.reload) reloads.add(output.reload);
  await using outlets = await openOutlets(settings, { ...context, commands });
  const state = () => ({
    status: appliance.status,
    metricsWanted: !server.metricsOnlyWhileRecording || recording.state.recording,
    problem: output.sink.problem,
  });
  await using page = await openPage(settings, { ...context, commands, state });
  if (page) reloads.add({ topics: [], apply: page.reload });
  openRecording(settings, { recording, commands, log });

  const bus = new Bus([
    output.sink,
    ...outlets.sinks,
    ...page ? [page.sink] : [],
    ...grpc ? [envelopeSink((envelope) => grpc.publish(envelope))] : [],
    statusSink(systemd),
    ...server.once ? [completionSink(stop.stop)] : [],
  ]);
  const envelopes = new EnvelopeFactory(clock, { simulated: isSimulated(settings) });
  const pacing = new FramePacing({
    policy: publish.framePublish,
    maxFps: publish.frameRateFps || undefined,
  });
  const rate = source.realtime ? undefined : new ProcessingRate({ clock, log });
  const appliance = new Appliance({
    ...context,
    rate,
    source,
    vision,
    engine,
    envelopes,
    frames: new FrameOutput({
      ...{ bus, encoder, envelopes, counters, log, pacing, faceBlur, trace },
      isTooOld: (captureUs) => clock.monotonicUs() - captureUs > maxFrameAgeMs * 1000,
    }),
    bus,
    recording,
    overlay: publish.enableHud ? new Overlay() : undefined,
  }, {
    bufferDurationS: vitals.bufferDurationS,
    edgeMetrics: publish.enableEdgeMetrics,
    metricsOnlyWhileRecording: server.metricsOnlyWhileRecording,
    lockExposure: camera.autoLock,
  });
  log.info(`Reading ${source.description}`);
  const ready = () => systemd.ready(`Reading ${source.description}`);
  reloads.listen({ before: () => systemd.reloading(), after: ready });
  systemd.startWatchdog(() => detectStall({ health, ...state() }));
  ready();
  onReady?.();
  if (server.durationS > 0) stop.stopAfter(server.durationS);
  await appliance.run(stop.signal);
  rate?.end();
  const neverDelivered = health.ageS("acknowledgement") === undefined;
  if (bus.problem !== undefined && neverDelivered && !stop.signal.aborted) {
    throw new UnavailableError(
      `The input has ended and no subscriber received any message: ${bus.problem}`,
    );
  }
  return EXIT.ok;
}
