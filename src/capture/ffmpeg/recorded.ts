import { monotonicUs } from "../../base/time.ts";
import { maskUrls } from "../../config/secret.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { type FrameSource, SourceError, type SourceEvent } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { chooseOutputFormat } from "./arguments.ts";
import type { FfmpegExecutable } from "./executable.ts";
import { FrameBuilder } from "./frame_builder.ts";
import { InputProcess, type ProbedInput } from "./input.ts";
import { RecordingTimeline } from "./recording_timeline.ts";

export interface RecordedOptions {
  readonly input: string;
  readonly executable: FfmpegExecutable;
  readonly transform: InputTransform;
  readonly analysisWidth: number;
  /** PEM file of the authorities for TLS servers. @default those of the system */
  readonly tlsCaPath?: string | undefined;
  readonly realtime: boolean;
  readonly loop: boolean;
  /** Microseconds from the first frame to each frame; replaces the timestamps of the recording. */
  readonly times?: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** Consecutive restarts of ffmpeg without a new frame. */
const MAX_RESTARTS = 3;
/** ffmpeg that writes nothing for this long hangs, for example on a network file system. */
const SILENCE_TIMEOUT_MS = 15_000;
/** In real time, frames that are later than this are dropped, as a camera would. */
const MAX_LATE_US = 2_000_000;

/**
 * Source of frames from a recorded video. ffmpeg blocks while no frame is consumed, so a slow
 * consumer costs no memory. In real time, a consumer that is too late loses frames; at full speed it
 * loses none. An ffmpeg process that is killed is restarted and continues at the next frame.
 */
export class RecordedSource implements FrameSource {
  readonly description: string;
  readonly nominalFps?: number;
  readonly realtime: boolean;
  readonly #input: ProbedInput;
  readonly #options: RecordedOptions;
  readonly #closing = new AbortController();
  readonly #timeline = new RecordingTimeline();
  #process: InputProcess | undefined;
  #sequence = 0;

  constructor(input: ProbedInput, options: RecordedOptions) {
    const { video } = input;
    this.#input = input;
    this.#options = options;
    this.realtime = options.realtime;
    if (video.fps !== undefined) this.nominalFps = video.fps;
    this.description = `${maskUrls(options.input)}: ${video.codec} ${video.width}x${video.height}` +
      (video.fps === undefined ? "" : ` at ${video.fps} fps`);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    do {
      yield* this.#playOnce();
      this.#timeline.nextPass();
    } while (this.#options.loop && !this.#closing.signal.aborted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#process?.[Symbol.asyncDispose]();
  }

  /** Yields every frame of the recording once, even if ffmpeg has to be restarted. */
  async *#playOnce(): AsyncGenerator<SourceEvent, void, void> {
    const { transform } = this.#options;
    const format = chooseOutputFormat(this.#input.video, transform);
    using builder = new FrameBuilder(format, this.#options);
    let taken = 0;
    let restarts = 0;
    while (!this.#closing.signal.aborted) {
      await using process = new InputProcess(this.#input, {
        ...this.#options,
        live: false,
        silenceTimeoutMs: SILENCE_TIMEOUT_MS,
        format,
        allocate: (bytes) => builder.allocate(bytes),
      });
      this.#process = process;
      let index = 0;
      for await (const image of process.images()) {
        if (index++ < taken) {
          builder.discard(image);
          continue;
        }
        const timeUs = this.#dueUs(taken++, image.ptsUs);
        restarts = 0;
        const sequence = this.#sequence++;
        if (this.#isLate(timeUs)) {
          builder.discard(image);
          continue;
        }
        const frame = await builder.build(image, { timeUs: monotonicUs(timeUs), sequence });
        if (!frame) {
          this.#options.counters.add("frames_damaged_total");
          continue;
        }
        if (this.realtime) await this.#waitUntil(timeUs);
        if (this.#closing.signal.aborted) return frame[Symbol.dispose]();
        yield { kind: "frame", frame };
      }
      const end = await process.end();
      if (this.#closing.signal.aborted) return;
      if (end.complete && taken > 0) return;
      const reason = process.reasonOf(end);
      if (end.reason === undefined || ++restarts > MAX_RESTARTS) {
        throw this.#error("read", taken === 0 ? reason : `after ${taken} frames: ${reason}`);
      }
      this.#options.counters.add("source_restarts_total");
      this.#options.log.warning("Restarted ffmpeg", { reason, frame: taken });
    }
  }

  #dueUs(index: number, ptsUs: number): number {
    const { times, clock } = this.#options;
    const ownUs = times ? times[index] : ptsUs;
    if (ownUs === undefined) {
      throw this.#error("time", `the file of frame times ends after ${times?.length} frames`);
    }
    return this.#timeline.dueUs(ownUs, clock.monotonicUs());
  }

  /** Returns true, and counts a dropped frame, if the consumer is too late for it. */
  #isLate(timeUs: number): boolean {
    const { clock, counters } = this.#options;
    if (!this.realtime || clock.monotonicUs() - timeUs <= MAX_LATE_US) return false;
    counters.add("dropped_total", { class: "capture", reason: "consumer_late" });
    return true;
  }

  async #waitUntil(timeUs: number): Promise<void> {
    const { clock } = this.#options;
    const ms = (timeUs - clock.monotonicUs()) / 1000;
    if (ms >= 1) await clock.sleep(ms, this.#closing.signal);
  }

  #error(verb: string, reason: string): SourceError {
    return new SourceError(`Cannot ${verb} ${maskUrls(this.#options.input)}: ${reason}`, {
      hint: verb === "time"
        ? "Write one line per frame of the video"
        : "Check that the video plays to its end in ffplay",
    });
  }
}
