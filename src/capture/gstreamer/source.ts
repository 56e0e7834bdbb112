import { NativePipeline, type PipelineFrame, type PipelineRead } from "../../../ffi/gstreamer.ts";
import { JpegDecoder } from "../../../ffi/jpeg.ts";
import { NativeError, nativeMonotonicUs, type NativeStatus } from "../../../ffi/library.ts";
import { reasonOf } from "../../base/errors.ts";
import { type MonotonicUs, monotonicUs } from "../../base/time.ts";
import { maskUrls } from "../../config/secret.ts";
import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import { type Log, silentLog } from "../../telemetry/log.ts";
import { clockOffsetUs } from "../clock_offset.ts";
import { type Frame, type FrameSource, SourceError, type SourceEvent } from "../frame.ts";
import { trimJpeg } from "../jpeg_end.ts";
import { eventsOfRuns, FIRST_FRAME_TIMEOUT_MS, lostBetween, silenceMs } from "../restarts.ts";

export interface GstreamerSourceOptions {
  /** The whole pipeline, with its sink. */
  readonly pipeline: string;
  /** Requested frame rate; the pipeline may deliver another one. */
  readonly fps: number;
  /** An analysis image that is decoded from a JPEG is halved while it stays at least this wide. */
  readonly analysisWidth: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly counters?: Counters;
}

const HINTS: Readonly<Partial<Record<NativeStatus, string>>> = {
  no_device: "Install GStreamer: sudo apt-get install gstreamer1.0-plugins-base " +
    "gstreamer1.0-plugins-good",
  argument: "Try --camera_pipeline with gst-launch-1.0 and `! autovideosink`, and install the " +
    "package of a missing element",
};
const OTHER_HINT = "Try --camera_pipeline with gst-launch-1.0 and `! autovideosink`";

/**
 * Source of frames from a pipeline of GStreamer, in this process. If the pipeline fails, ends or
 * delivers no frames, `disconnected` is reported, and it is started again until the source is closed.
 */
export class GstreamerSource implements FrameSource {
  readonly realtime = true;
  readonly #options: GstreamerSourceOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #closing = new AbortController();
  #pipeline: NativePipeline | undefined;
  #iteration: AsyncGenerator<SourceEvent, void, void> | undefined;
  #fps: number | undefined;
  #offsetUs = 0;
  #sequence = 0;
  #lastUs = -Infinity;
  /** True until the first frame of a run of the pipeline. */
  #isFirst = true;

  constructor(options: GstreamerSourceOptions) {
    const { clock = new SystemClock(), log = silentLog, counters = new Counters() } = options;
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#counters = counters;
  }

  get description(): string {
    return `GStreamer: ${maskUrls(this.#options.pipeline)}`;
  }

  get nominalFps(): number {
    return this.#fps ?? this.#options.fps;
  }

  /**
   * @throws {SourceError} from the first step, if the pipeline does not start or delivers no frame.
   * Later the source waits for the camera instead.
   */
  [Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    return this.#iteration ??= this.#events();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#pipeline?.stop();
    await this.#iteration?.return();
  }

  async *#events(): AsyncGenerator<SourceEvent, void, void> {
    using decoder = new JpegDecoder();
    yield* eventsOfRuns({
      run: () => this.#runOnce(decoder),
      describe: () => this.description,
      name: "gstreamer",
      signal: this.#closing.signal,
      clock: this.#clock,
      counters: this.#counters,
      log: this.#log,
    });
  }

  /** Yields frames until the pipeline fails or ends; returns why. */
  async *#runOnce(decoder: JpegDecoder): AsyncGenerator<Frame, SourceError, void> {
    let opened: NativePipeline;
    try {
      opened = await NativePipeline.open(this.#options.pipeline);
    } catch (error) {
      return pipelineError(error);
    }
    await using pipeline = opened;
    this.#pipeline = pipeline;
    if (this.#closing.signal.aborted) pipeline.stop();
    this.#offsetUs = clockOffsetUs(this.#clock, nativeMonotonicUs);
    this.#isFirst = true;
    let timeoutMs = FIRST_FRAME_TIMEOUT_MS;
    while (true) {
      const read = await pipeline.next(timeoutMs);
      if (read.state !== "frame") return pipelineError(reasonFor(read, timeoutMs));
      this.#fps = read.frame.fps;
      timeoutMs = silenceMs(this.nominalFps);
      const frame = await this.#toFrame(read.frame, decoder);
      if (frame) yield frame;
    }
  }

  /** Returns undefined for a frame that is damaged or has no time of its own. */
  async #toFrame(native: PipelineFrame, decoder: JpegDecoder): Promise<Frame | undefined> {
    const timeUs = this.#timeOf(native);
    if (timeUs === undefined) {
      native[Symbol.dispose]();
      this.#counters.add("camera_frames_lost_total", { reason: "untimed" });
      return undefined;
    }
    const stamp = { timeUs, sequence: this.#sequence++ };
    const { image } = native;
    if (image) {
      const { fullWidth: width, fullHeight: height } = image;
      return { ...stamp, width, height, image, [Symbol.dispose]: () => native[Symbol.dispose]() };
    }
    const jpeg = trimJpeg(native.jpeg!);
    try {
      const decoded = await decoder.decode(jpeg, { minWidth: this.#options.analysisWidth });
      return {
        ...stamp,
        width: decoded.fullWidth,
        height: decoded.fullHeight,
        image: decoded,
        jpeg,
        [Symbol.dispose]() {
          decoded[Symbol.dispose]();
          native[Symbol.dispose]();
        },
      };
    } catch (error) {
      native[Symbol.dispose]();
      if (!(error instanceof NativeError && error.status === "format")) throw error;
      this.#counters.add("camera_frames_lost_total", { reason: "damaged" });
      return undefined;
    }
  }

  #timeOf({ timeUs, isTimed }: PipelineFrame): MonotonicUs | undefined {
    if (!isTimed) this.#counters.add("camera_arrival_times_total");
    const ownUs = Math.round(timeUs + this.#offsetUs);
    if (ownUs <= this.#lastUs) return undefined;
    this.#countLost(ownUs);
    this.#lastUs = ownUs;
    return monotonicUs(ownUs);
  }

  /** Counts the frames that are missing before this one, at the rate that the stream declares. */
  #countLost(timeUs: number): void {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isFirst || this.#fps === undefined) return;
    const lost = lostBetween(timeUs - this.#lastUs, 1e6 / this.#fps);
    if (lost === 0) return;
    this.#sequence += lost;
    this.#counters.add("camera_frames_lost_total", { reason: "lost" }, lost);
  }
}

function reasonFor(read: Exclude<PipelineRead, { state: "frame" }>, timeoutMs: number): string {
  switch (read.state) {
    case "timeout":
      return `no frame for ${(timeoutMs / 1000).toFixed(1)} s`;
    case "failed":
      return read.reason;
    case "stopped":
      return "it was stopped";
  }
}

/** Converts the failure of a pipeline to an error with a hint for the user. */
function pipelineError(cause: unknown): SourceError {
  const status = cause instanceof NativeError ? cause.status : undefined;
  const reason = typeof cause === "string" ? cause : reasonOf(cause);
  const what = status === "no_device" ? "use GStreamer" : "read the pipeline of GStreamer";
  return new SourceError(`Cannot ${what}: ${maskUrls(reason)}`, {
    cause,
    hint: status && HINTS[status] || OTHER_HINT,
  });
}

/**
 * Checks that all elements of a pipeline exist and can be linked.
 *
 * @throws {SourceError} if not
 */
export async function checkPipeline(description: string): Promise<void> {
  try {
    await NativePipeline.check(description);
  } catch (error) {
    throw pipelineError(error);
  }
}
