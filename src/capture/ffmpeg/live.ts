import { maskPasswords } from "../../config/secret.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { type FrameSource, SourceError, type SourceEvent } from "../frame.ts";
import { NewestQueue } from "../newest_queue.ts";
import type { InputTransform } from "../transform.ts";
import { planOutput } from "./arguments.ts";
import type { FfmpegExecutable } from "./executable.ts";
import { FrameMaker, type FramePlace } from "./frame_maker.ts";
import { InputRun, type ProbedInput, probeInput } from "./input.ts";
import { LiveTimeline } from "./live_timeline.ts";
import type { NutFrame } from "./nut.ts";

export interface LiveOptions {
  readonly input: string;
  readonly executable: FfmpegExecutable;
  readonly transform: InputTransform;
  readonly analysisWidth: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** A stream is silent after this time or this number of frames, whichever is longer. */
const SILENCE_MS = 2_000;
const SILENCE_FRAMES = 5;
/** The first frame may take this long: a stream begins at its next key frame. */
const FIRST_FRAME_MS = 15_000;
/** Frames that wait for a late consumer; the oldest give way. */
const MAX_WAITING = 4;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

interface Arrival extends FramePlace {
  readonly image: NutFrame;
}

/**
 * A stream that does not end: a network camera, or a device that ffmpeg opens. Where it breaks off
 * or falls silent it is opened again, for as long as the program runs.
 */
export class LiveSource implements FrameSource {
  readonly realtime = true;
  readonly #options: LiveOptions;
  readonly #closing = new AbortController();
  /** What an earlier look at the input found, good for one try. */
  #probed: ProbedInput | undefined;
  #video: ProbedInput["video"] | undefined;
  #run: InputRun | undefined;
  #sequence = 0;
  #lastUs = -Infinity;

  constructor(options: LiveOptions, probed?: ProbedInput) {
    this.#options = options;
    this.#probed = probed;
    this.#video = probed?.video;
  }

  get description(): string {
    const name = maskPasswords(this.#options.input);
    const video = this.#video;
    if (!video) return name;
    const rate = video.fps === undefined ? "" : ` at ${video.fps} frames/s`;
    return `${name}: ${video.codec} ${video.width}x${video.height}${rate}`;
  }

  get nominalFps(): number | undefined {
    return this.#video?.fps;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    const { clock, counters } = this.#options;
    const { signal } = this.#closing;
    let connected = true; // a stream that is there from the first need not say so
    let attempt = 0;
    while (!signal.aborted) {
      const reason = yield* this.#playOnce(() => {
        attempt = 0;
        if (connected) return undefined;
        connected = true;
        return { kind: "connected", description: this.description };
      });
      if (signal.aborted) return;
      if (connected) yield { kind: "disconnected", reason };
      connected = false;
      counters.add("source_restarts_total");
      await clock.sleep(RETRY_MS[Math.min(attempt++, RETRY_MS.length - 1)]!, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#run?.[Symbol.asyncDispose]();
  }

  /**
   * Gives frames until the stream breaks off, and why it did.
   *
   * @param onFirstFrame gives the event that precedes the first frame, if one is due.
   */
  async *#playOnce(
    onFirstFrame: () => SourceEvent | undefined,
  ): AsyncGenerator<SourceEvent, string, void> {
    const { transform, counters } = this.#options;
    const { signal } = this.#closing;
    let input: ProbedInput;
    try {
      input = await this.#probe();
    } catch (error) {
      if (error instanceof SourceError) return error.message;
      throw error;
    }
    if (signal.aborted) return "";
    const plan = planOutput(input.video, transform);
    using maker = new FrameMaker(plan, this.#options);
    await using run = new InputRun(input, {
      ...this.#options,
      live: true,
      loop: false,
      patienceMs: FIRST_FRAME_MS,
      plan,
      allocate: (bytes) => maker.allocate(bytes),
    });
    this.#run = run;
    const queue = new NewestQueue<Arrival>(MAX_WAITING, ({ image }) => {
      maker.skip(image);
      counters.add("dropped_total", { class: "capture", reason: "consumer_late" });
    });
    const pumping = this.#pump(run, queue);
    pumping.catch(() => {}); // who leaves early does not wait for it
    let isFirst = true;
    for (let arrival = await queue.next(); arrival; arrival = await queue.next()) {
      if (signal.aborted) {
        maker.skip(arrival.image);
        continue;
      }
      const frame = await maker.make(arrival.image, arrival);
      if (!frame) {
        counters.add("frames_damaged_total");
        continue;
      }
      const event = isFirst ? onFirstFrame() : undefined;
      isFirst = false;
      if (event) yield event;
      yield { kind: "frame", frame };
    }
    await pumping;
    return run.reasonOf(await run.end());
  }

  async #probe(): Promise<ProbedInput> {
    const { executable, input } = this.#options;
    const probed = this.#probed ??
      await probeInput(input, { executable, signal: this.#closing.signal });
    this.#probed = undefined;
    this.#video = probed.video;
    return probed;
  }

  /** Moves frames into the queue as they come, and ends a run that falls silent. */
  async #pump(run: InputRun, queue: NewestQueue<Arrival>): Promise<void> {
    const { clock } = this.#options;
    const timeline = new LiveTimeline();
    const silenceMs = Math.max(SILENCE_MS, (1000 * SILENCE_FRAMES) / (this.nominalFps ?? 30));
    try {
      for await (const image of run.images()) {
        run.patienceMs = silenceMs;
        const streamUs = timeline.timeUs(image.ptsUs, clock.monotonicUs());
        // A stream that was opened again must not run into the times before.
        this.#lastUs = Math.max(streamUs, this.#lastUs + 1);
        queue.push({ image, timeUs: this.#lastUs, sequence: this.#sequence++ });
      }
    } finally {
      queue.close();
    }
  }
}
