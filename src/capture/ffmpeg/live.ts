import { monotonicUs } from "../../base/time.ts";
import { maskUrls } from "../../config/secret.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import { type FrameSource, type FrameStamp, SourceError, type SourceEvent } from "../frame.ts";
import { DropOldestQueue } from "../drop_oldest_queue.ts";
import type { InputTransform } from "../transform.ts";
import { chooseOutputFormat } from "./arguments.ts";
import type { FfmpegExecutable } from "./executable.ts";
import { FrameBuilder } from "./frame_builder.ts";
import { InputProcess, type ProbedInput, probeInput } from "./input.ts";
import { LiveTimeline } from "./live_timeline.ts";
import type { NutFrame } from "./nut_demuxer.ts";

export interface LiveOptions {
  readonly input: string;
  readonly executable: FfmpegExecutable;
  readonly transform: InputTransform;
  readonly analysisWidth: number;
  /** PEM file of the authorities for TLS servers. @default those of the system */
  readonly tlsCaPath?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
}

/** A stream is silent after this time or this number of frames, whichever is longer. */
const SILENCE_MS = 2_000;
const SILENCE_FRAMES = 5;
/** Timeout of the first frame, because decoding starts at the next key frame. */
const FIRST_FRAME_TIMEOUT_MS = 15_000;
/** Frames that wait for a late consumer before the oldest is dropped. */
const QUEUE_CAPACITY = 4;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

interface QueuedImage extends FrameStamp {
  readonly image: NutFrame;
}

/**
 * Source of frames from a stream that does not end: a network camera, or a device that ffmpeg
 * opens. If the stream ends or sends no frames, the source tries to reopen it until it is closed.
 */
export class LiveSource implements FrameSource {
  readonly realtime = true;
  readonly #options: LiveOptions;
  readonly #closing = new AbortController();
  /** Result of an earlier probe, which is used once. */
  #probed: ProbedInput | undefined;
  #video: ProbedInput["video"] | undefined;
  #process: InputProcess | undefined;
  #sequence = 0;
  #lastUs = -Infinity;

  constructor(options: LiveOptions, probed?: ProbedInput) {
    this.#options = options;
    this.#probed = probed;
    this.#video = probed?.video;
  }

  get description(): string {
    const name = maskUrls(this.#options.input);
    const video = this.#video;
    if (!video) return name;
    const rate = video.fps === undefined ? "" : ` at ${video.fps} fps`;
    return `${name}: ${video.codec} ${video.width}x${video.height}${rate}`;
  }

  get nominalFps(): number | undefined {
    return this.#video?.fps;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    const { clock, counters } = this.#options;
    const { signal } = this.#closing;
    let connected = true; // No event is due if the first attempt succeeds.
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
    await this.#process?.[Symbol.asyncDispose]();
  }

  /**
   * Yields frames until the stream ends, and returns the reason.
   *
   * @param onFrame returns the event that precedes a frame, if one is due.
   */
  async *#playOnce(
    onFrame: () => SourceEvent | undefined,
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
    const format = chooseOutputFormat(input.video, transform);
    using builder = new FrameBuilder(format, this.#options);
    await using process = new InputProcess(input, {
      ...this.#options,
      live: true,
      loop: false,
      silenceTimeoutMs: FIRST_FRAME_TIMEOUT_MS,
      format,
      allocate: (bytes) => builder.allocate(bytes),
    });
    this.#process = process;
    const queue = new DropOldestQueue<QueuedImage>(QUEUE_CAPACITY, ({ image }) => {
      builder.discard(image);
      counters.add("dropped_total", { class: "capture", reason: "consumer_late" });
    });
    const reading = this.#enqueueImages(process, { queue, builder });
    reading.catch(() => {}); // not awaited if the consumer leaves early
    for (let queued = await queue.next(); queued; queued = await queue.next()) {
      if (signal.aborted) {
        builder.discard(queued.image);
        continue;
      }
      const frame = await builder.build(queued.image, queued);
      if (!frame) {
        counters.add("frames_damaged_total");
        continue;
      }
      const event = onFrame();
      if (event) yield event;
      yield { kind: "frame", frame };
    }
    await reading;
    return process.reasonOf(await process.end());
  }

  async #probe(): Promise<ProbedInput> {
    const { executable, input, tlsCaPath } = this.#options;
    const { signal } = this.#closing;
    const probed = this.#probed ?? await probeInput(input, { executable, tlsCaPath, signal });
    this.#probed = undefined;
    this.#video = probed.video;
    return probed;
  }

  /** Stamps images and puts them into the queue as they arrive. */
  async #enqueueImages(
    process: InputProcess,
    { queue, builder }: { queue: DropOldestQueue<QueuedImage>; builder: FrameBuilder },
  ): Promise<void> {
    const { clock, counters } = this.#options;
    const timeline = new LiveTimeline();
    const silenceMs = Math.max(SILENCE_MS, (1000 * SILENCE_FRAMES) / (this.nominalFps ?? 30));
    try {
      for await (const image of process.images()) {
        process.silenceTimeoutMs = silenceMs;
        const sequence = this.#sequence++;
        const streamUs = timeline.timeUs(image.ptsUs, clock.monotonicUs());
        if (streamUs === undefined) {
          builder.discard(image);
          counters.add("dropped_total", { class: "capture", reason: "backlog" });
          continue;
        }
        // Times must keep increasing when the stream is reopened.
        this.#lastUs = Math.max(streamUs, this.#lastUs + 1);
        queue.push({ image, timeUs: monotonicUs(this.#lastUs), sequence });
      }
    } finally {
      queue.close();
    }
  }
}
