import { maskPasswords } from "../../config/secret.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { type FrameSource, SourceError, type SourceEvent } from "../frame.ts";
import type { InputTransform } from "../transform.ts";
import { planOutput } from "./arguments.ts";
import type { FfmpegExecutable } from "./executable.ts";
import { FrameMaker } from "./frame_maker.ts";
import { InputRun, type ProbedInput } from "./input.ts";
import { RecordingTimeline } from "./timeline.ts";

export interface RecordedOptions {
  readonly input: string;
  readonly executable: FfmpegExecutable;
  readonly transform: InputTransform;
  readonly analysisWidth: number;
  readonly realtime: boolean;
  readonly loop: boolean;
  /** Microseconds of each frame since the first, instead of the recording's own times. */
  readonly times?: readonly number[];
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** How often an ffmpeg that was killed is started again without a new frame. */
const MAX_RESTARTS = 3;
/** An ffmpeg that decodes nothing for so long hangs, on a disk or a server that is gone. */
const PATIENCE_MS = 15_000;
/** In real time, frames that are due for longer than this are lost, as a camera's would be. */
const MAX_LATE_US = 2_000_000;

/**
 * A recorded video. ffmpeg waits while nobody takes frames, so a late consumer costs no memory; one
 * that is late for long loses frames in real time, and none at full speed. An ffmpeg that is
 * killed is started again, and goes on where it was.
 */
export class RecordedSource implements FrameSource {
  readonly description: string;
  readonly nominalFps?: number;
  readonly realtime: boolean;
  readonly #input: ProbedInput;
  readonly #options: RecordedOptions;
  readonly #closing = new AbortController();
  readonly #timeline = new RecordingTimeline();
  #run: InputRun | undefined;
  #sequence = 0;

  constructor(input: ProbedInput, options: RecordedOptions) {
    const { video } = input;
    this.#input = input;
    this.#options = options;
    this.realtime = options.realtime;
    if (video.fps !== undefined) this.nominalFps = video.fps;
    this.description =
      `${maskPasswords(options.input)}: ${video.codec} ${video.width}x${video.height}` +
      (video.fps === undefined ? "" : ` at ${video.fps} frames/s`);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    do {
      yield* this.#playOnce();
      this.#timeline.nextPass();
    } while (this.#options.loop && !this.#closing.signal.aborted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#run?.[Symbol.asyncDispose]();
  }

  /** Gives every frame of the recording once, however often ffmpeg has to be started. */
  async *#playOnce(): AsyncGenerator<SourceEvent, void, void> {
    const { transform } = this.#options;
    const plan = planOutput(this.#input.video, transform);
    using maker = new FrameMaker(plan, this.#options);
    let given = 0;
    let restarts = 0;
    while (!this.#closing.signal.aborted) {
      await using run = new InputRun(this.#input, {
        ...this.#options,
        live: false,
        patienceMs: PATIENCE_MS,
        plan,
        allocate: (bytes) => maker.allocate(bytes),
      });
      this.#run = run;
      let index = 0;
      for await (const image of run.images()) {
        if (index++ < given) {
          maker.skip(image);
          continue;
        }
        const timeUs = this.#dueUs(given++, image.ptsUs);
        restarts = 0;
        const sequence = this.#sequence++;
        if (this.#isLate(timeUs)) {
          maker.skip(image);
          continue;
        }
        const frame = await maker.make(image, { timeUs, sequence });
        if (!frame) {
          this.#options.counters.add("frames_damaged_total");
          continue;
        }
        if (this.realtime) await this.#waitUntil(timeUs);
        if (this.#closing.signal.aborted) return frame[Symbol.dispose]();
        yield { kind: "frame", frame };
      }
      const end = await run.end();
      if (this.#closing.signal.aborted) return;
      if (end.complete && given > 0) return;
      const reason = run.reasonOf(end);
      if (end.reason === undefined || ++restarts > MAX_RESTARTS) {
        throw this.#cannot("read", given === 0 ? reason : `after ${given} frames: ${reason}`);
      }
      this.#options.counters.add("source_restarts_total");
      this.#options.log.warning("Started ffmpeg again", { reason, frame: given });
    }
  }

  #dueUs(index: number, ptsUs: number): number {
    const { times, clock } = this.#options;
    const ownUs = times ? times[index] : ptsUs;
    if (ownUs === undefined) {
      throw this.#cannot("time", `the file of frame times ends after ${times?.length} frames`);
    }
    return this.#timeline.dueUs(ownUs, clock.monotonicUs());
  }

  /** True, and counted, where the consumer fell so far behind that a camera would have lost it. */
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

  #cannot(verb: string, reason: string): SourceError {
    return new SourceError(`Cannot ${verb} ${maskPasswords(this.#options.input)}: ${reason}`, {
      hint: verb === "time"
        ? "Write one line for each frame of the video"
        : "Check that the video plays to its end in ffplay",
    });
  }
}
