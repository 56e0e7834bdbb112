import { omitUrls } from "../config/secret.ts";
import type { MonotonicUs } from "../base/time.ts";
import type { Frame, FrameSource, SourceEvent } from "../capture/frame.ts";
import { type Recording, recordingPayload, type RecordingState } from "../control/recording.ts";
import type { EnvelopeFactory } from "../envelopes/envelope_factory.ts";
import type { Overlay } from "../frames/overlay.ts";
import { StatusDebouncer } from "../envelopes/status.ts";
import type { FrameOutput } from "../frames/frame_output.ts";
import type { Bus } from "../delivery/bus.ts";
import type { Clock } from "../telemetry/clock.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Health } from "../telemetry/health.ts";
import type { Log } from "../telemetry/log.ts";
import type { Trace } from "../telemetry/trace.ts";
import type { VitalsEngine, VitalsEstimate } from "../vitals/estimate.ts";
import type { StatusName } from "../vitals/condition/status_table.ts";
import { ExposureLock } from "../vision/exposure_lock.ts";
import type { RegionSample } from "../vision/region_sample.ts";
import type { Vision } from "../vision/vision.ts";
import type { ProcessingRate } from "./processing_rate.ts";

/** The parts that a frame passes through; the caller opens and closes them. */
export interface ApplianceParts {
  readonly source: FrameSource;
  readonly vision: Pick<Vision, "observe" | "observeInOrder" | "passOverFace" | "faceBoxes">;
  readonly engine: VitalsEngine;
  readonly envelopes: EnvelopeFactory;
  readonly frames: FrameOutput;
  readonly bus: Bus;
  readonly recording: Recording;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly health: Health;
  readonly log: Log;
  readonly trace?: Trace | undefined;
  /** Follows an input that is processed as fast as possible. */
  readonly rate?: Pick<ProcessingRate, "onFrame"> | undefined;
  /** Draws on the published image. */
  readonly overlay?: Overlay | undefined;
}

export interface ApplianceOptions {
  /** Seconds of capture time from one core metrics message to the next. */
  readonly bufferDurationS: number;
  readonly edgeMetrics: boolean;
  readonly metricsOnlyWhileRecording: boolean;
  /** Lock the exposure of the camera while a face is steady. */
  readonly lockExposure: boolean;
}

/** Interval of the heartbeat while no frames arrive. Chosen. */
const TICK_MS = 100;
/** Time limit for sending what is queued at the end. Chosen. */
const FLUSH_MS = 1200;
/** Time limit of each wait for the queues when a video is read at full speed. Chosen. */
const FAST_FLUSH_MS = 5000;
/** Completes the status OK of a camera that delivers grayscale images. */
const GRAYSCALE = "The images are grayscale, as in infrared light: no pulse is published.";

/**
 * The measuring loop: passes every frame from the source through vision and vitals, and publishes
 * the results on the bus. The one place that defines the order of these steps.
 */
export class Appliance {
  readonly #parts: ApplianceParts;
  readonly #options: ApplianceOptions;
  readonly #status = new StatusDebouncer();
  readonly #exposure = new ExposureLock();
  #disconnected: string | undefined;
  #isGrayscale = false;
  #estimate: VitalsEstimate | undefined;
  /** The estimate whose traces have not been published in an edge message yet. */
  #pending: VitalsEstimate | undefined;
  #nextCoreUs = -Infinity;
  /** Undefined before the first frame. */
  #corePublishedUs: number | undefined;

  constructor(parts: ApplianceParts, options: ApplianceOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get status(): StatusName | undefined {
    return this.#status.current;
  }

  /**
   * Resolves when the source has ended or `signal` has aborted, and the queues were flushed.
   *
   * @throws {SourceError} if the source cannot deliver frames
   */
  async run(signal: AbortSignal): Promise<void> {
    const { source, bus, frames, recording, log } = this.#parts;
    bus.start();
    this.#observeStatus();
    recording.onChange(({ state }) => this.#publishRecording(state));
    this.#publishRecording(recording.state);
    // Clients that save a session are notified of its end; only a crash leaves it open.
    const endRecording = () => {
      if (recording.apply({ recording: false }, "end") === "changed") log.info("Recording stopped");
    };
    signal.addEventListener("abort", endRecording);
    const ticker = setInterval(() => this.#tick(), TICK_MS);
    try {
      await this.#consume(source, signal);
      endRecording();
    } finally {
      clearInterval(ticker);
      signal.removeEventListener("abort", endRecording);
      log.info(signal.aborted ? "Stopping on request" : "The input has ended");
      this.#observeStatus("STOPPING");
      await frames.flush(FLUSH_MS);
      await bus.flush(FLUSH_MS);
    }
  }

  async #consume(source: FrameSource, signal: AbortSignal): Promise<void> {
    const iterator = source[Symbol.asyncIterator]();
    // Promise.race() against a promise of the whole run would retain every event of the run.
    let stopWaiting = () => {};
    const stop = () => stopWaiting();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        const next = await new Promise<IteratorResult<SourceEvent, void> | undefined>(
          (resolve, reject) => {
            stopWaiting = () => resolve(undefined);
            iterator.next().then(resolve, reject);
          },
        );
        if (!next || next.done) return;
        await this.#handle(next.value);
      }
    } finally {
      signal.removeEventListener("abort", stop);
      await source[Symbol.asyncDispose]();
    }
  }

  async #handle(event: SourceEvent): Promise<void> {
    const { engine, log, counters } = this.#parts;
    switch (event.kind) {
      case "frame":
        return await this.#processFrame(event.frame);
      case "disconnected":
        counters.add("camera_disconnected_total");
        log.warning(`Camera disconnected: ${event.reason}`);
        // Every subscriber reads the status.
        this.#disconnected = omitUrls(event.reason);
        engine.setDisconnected(true);
        this.#observeStatus();
        return;
      case "connected":
        log.info(`Camera connected: ${event.description}`);
        this.#connected();
    }
  }

  #connected(): void {
    this.#disconnected = undefined;
    this.#exposure.reset();
    this.#parts.engine.setDisconnected(false);
  }

  async #processFrame(acquired: Frame): Promise<void> {
    using frame = acquired;
    const { vision, engine, frames, counters, health, overlay, source, trace } = this.#parts;
    trace?.beginStep("camera", frame.timeUs, frame.timeUs);
    trace?.endStep("camera", frame.timeUs);
    if (this.#disconnected !== undefined) this.#connected();
    counters.add("frames_captured_total");
    health.record("frame");
    trace?.begin("vision");
    const sample = source.realtime ? vision.observe(frame) : await vision.observeInOrder(frame);
    trace?.end();
    trace?.begin("vitals");
    engine.push(sample);
    trace?.end();
    if (sample.timeUs >= this.#nextCoreUs) {
      trace?.begin("core metrics");
      this.#publishCore(sample.timeUs);
      trace?.end();
      if (!source.realtime) await this.#flush();
    }
    trace?.begin("edge metrics");
    this.#publishEdge(sample, frame);
    trace?.end();
    if (this.#options.lockExposure) this.#adviseCamera(sample);
    trace?.begin("frame");
    frames.offer(frame, {
      draw: overlay && ((image) => overlay.draw(image, sample)),
      faces: vision.faceBoxes,
    });
    trace?.end();
    this.#parts.rate?.onFrame(frame.timeUs);
  }

  /** Waits for what was published, so that a video that is processed fast loses no metric. */
  async #flush(): Promise<void> {
    const { frames, bus } = this.#parts;
    await frames.flush(FAST_FLUSH_MS);
    await bus.flush(FAST_FLUSH_MS);
  }

  #adviseCamera(sample: RegionSample): void {
    const { source } = this.#parts;
    const advice = this.#exposure.observe(sample);
    if (advice === "lock") source.lockExposure?.();
    else if (advice === "unlock") source.unlockExposure?.();
  }

  /** Publishes status and core metrics while no frames arrive. */
  #tick(): void {
    const nowUs = this.#parts.clock.monotonicUs();
    const silentUs = nowUs - (this.#corePublishedUs ?? nowUs);
    const isLate = silentUs >= 2 * this.#options.bufferDurationS * 1e6;
    if (this.#parts.source.realtime && isLate) this.#publishCore(nowUs);
    this.#observeStatus();
  }

  /** @param atUs Capture time of the newest frame, or the present while no frames arrive. */
  #publishCore(atUs: MonotonicUs): void {
    const { engine, envelopes, clock } = this.#parts;
    const periodUs = this.#options.bufferDurationS * 1e6;
    // Keeps a fixed grid while frames arrive in time, and starts a new one after a gap.
    const late = atUs - this.#nextCoreUs;
    this.#nextCoreUs = (late < periodUs ? this.#nextCoreUs : atUs) + periodUs;
    this.#corePublishedUs = clock.monotonicUs();
    this.#estimate = this.#pending = engine.estimate(atUs);
    this.#observeColor(this.#estimate);
    if (this.#estimate.isFaceWithoutPulse) this.#parts.vision.passOverFace();
    this.#parts.overlay?.update(this.#estimate);
    if (this.#wantsMetrics()) this.#parts.bus.publish(envelopes.coreMetrics(this.#estimate, atUs));
    this.#observeStatus();
  }

  #observeColor({ isGrayscale = false }: VitalsEstimate): void {
    const { counters, log } = this.#parts;
    counters.set("camera_grayscale", isGrayscale ? 1 : 0);
    if (isGrayscale === this.#isGrayscale) return;
    this.#isGrayscale = isGrayscale;
    log.info(
      isGrayscale
        ? "The camera delivers grayscale images: no pulse is published"
        : "The camera delivers color images",
    );
  }

  #publishEdge(sample: RegionSample, frame: Frame): void {
    const estimate = this.#estimate;
    if (!this.#options.edgeMetrics || !this.#wantsMetrics() || !estimate) return;
    const { envelopes, bus, frames } = this.#parts;
    const eda = this.#pending?.eda;
    bus.publish(envelopes.edgeMetrics({
      sample,
      signal: { ...estimate.signal, brightness: sample.brightness },
      upperTrace: this.#pending?.breathing.upperTrace ?? [],
      ...(eda ? { eda } : {}),
      ...frames.sizeOf(frame),
      frameDegradation: bus.frameDegradation,
      frameQuality: frames.quality,
    }));
    this.#pending = undefined;
  }

  #publishRecording(state: RecordingState): void {
    this.#parts.bus.publish(this.#parts.envelopes.recordingState(recordingPayload(state)));
  }

  #observeStatus(forced?: StatusName): void {
    const { envelopes, clock, bus, recording, log } = this.#parts;
    const [name, detail] = forced ? [forced] : this.#condition(bus.problem);
    const before = this.#status.current;
    const urgent = name === "STOPPING" || name === "CAMERA_DISCONNECTED";
    const due = this.#status.observe(name, clock.monotonicUs(), { detail, urgent });
    if (!due) return;
    const envelope = envelopes.status(due, recordingPayload(recording.state));
    if (due.name !== before) {
      const { message, hint } = envelope.payload;
      log.info(`Status ${due.name}: ${message}`, hint ? { hint } : {});
    }
    bus.publish(envelope);
  }

  /** The most serious condition: without a camera or a transport, the image is irrelevant. */
  #condition(problem: string | undefined): [StatusName, string?] {
    if (this.#disconnected !== undefined) return ["CAMERA_DISCONNECTED", this.#disconnected];
    if (problem !== undefined) return ["PUBLISH_DEGRADED", problem];
    const condition = this.#estimate?.condition ?? "PROCESSING_NOT_STARTED";
    return condition === "OK" && this.#isGrayscale ? [condition, GRAYSCALE] : [condition];
  }

  #wantsMetrics(): boolean {
    return !this.#options.metricsOnlyWhileRecording || this.#parts.recording.state.recording;
  }
}
