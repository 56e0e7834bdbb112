import { type Clock, SystemClock } from "../../telemetry/clock.ts";
import { Counters } from "../../telemetry/counters.ts";
import { type Log, silentLog } from "../../telemetry/log.ts";
import { BufferPool } from "../buffer_pool.ts";
import { DropOldestQueue } from "../drop_oldest_queue.ts";
import {
  type Frame,
  type FrameSource,
  type FrameStamp,
  SourceError,
  type SourceEvent,
} from "../frame.ts";
import { eventsOfRuns, FIRST_FRAME_TIMEOUT_MS, silenceMs } from "../restarts.ts";
import { VidFrameBuilder } from "./frame_builder.ts";
import type { FrameMetadata } from "./frame_metadata.ts";
import { FrameTimeline } from "./frame_timeline.ts";
import { vidError } from "./hints.ts";
import type { LibcameraSettings, LibcameraSourceOptions } from "./options.ts";
import { alignedSize, type PixelSize } from "./raw_layout.ts";
import { controlsOf, type LockedControls, vidArguments } from "./vid_arguments.ts";
import { JpegCollector, RawCollector, VidDemuxer, type VidFrame } from "./vid_demuxer.ts";
import { VidProcess } from "./vid_process.ts";

/** Frames that wait for a late consumer before the oldest is dropped. */
const QUEUE_CAPACITY = 4;
interface QueuedFrame {
  readonly frame: VidFrame;
  readonly stamp: FrameStamp;
}

/**
 * Source of frames from a camera of libcamera, such as one on the ribbon cable of a Raspberry Pi, by
 * one long-lived rpicam-vid. If it ends or sends no frames, `disconnected` is reported, and it is
 * started again until the source is closed.
 */
export class LibcameraSource implements FrameSource {
  readonly realtime = true;
  readonly #settings: LibcameraSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters;
  readonly #timeline: FrameTimeline;
  readonly #closing = new AbortController();
  #process: VidProcess | undefined;
  /** What the camera reported with its newest frame. */
  #metadata: FrameMetadata = {};
  #locked: LockedControls | undefined;
  /** True while the program is ended only to start it with other values. */
  #isRestarting = false;
  readonly #requested: PixelSize;
  /** As it was granted by the present run of the program. */
  #size: PixelSize;

  constructor(options: LibcameraSourceOptions) {
    const { clock = new SystemClock(), log = silentLog, counters = new Counters() } = options;
    this.#settings = options;
    this.#clock = clock;
    this.#log = log;
    this.#counters = counters;
    this.#timeline = new FrameTimeline({ clock, counters, log, fps: options.fps });
    // rpicam-vid handles the padding of rows if it compresses frames itself.
    this.#requested = options.format === "raw" ? alignedSize(options) : options;
    this.#size = this.#requested;
  }

  get description(): string {
    const { index, format, fps } = this.#settings;
    const { width, height } = this.#size;
    const name = format === "raw" ? "YUV420" : "MJPG";
    return `libcamera: ${name} ${width}x${height} at ${fps} fps (camera ${index})`;
  }

  get nominalFps(): number {
    return this.#settings.fps;
  }

  /** True while exposure, gain, white balance and focus are locked. */
  get exposureLocked(): boolean {
    return this.#locked !== undefined;
  }

  /**
   * Locks exposure, gain, white balance and focus at their current values. rpicam-vid takes them only
   * when it starts, so it is started again, and frames are missing meanwhile. A reconnection releases
   * the lock.
   */
  lockExposure(): void {
    const controls = controlsOf(this.#metadata);
    if (!this.#process || this.#locked || !controls) return;
    this.#locked = controls;
    this.#restart();
  }

  /** Returns exposure, gain, white balance and focus to automatic control; restarts rpicam-vid. */
  unlockExposure(): void {
    if (!this.#locked) return;
    this.#locked = undefined;
    this.#restart();
  }

  /**
   * @throws {SourceError} from the first step, if the camera delivers no frame. Later the source waits
   * for the camera instead.
   */
  [Symbol.asyncIterator](): AsyncGenerator<SourceEvent, void, void> {
    return eventsOfRuns({
      run: () => this.#runOnce(),
      isPlanned: () => this.#endRestart(),
      describe: () => this.description,
      name: "libcamera",
      signal: this.#closing.signal,
      clock: this.#clock,
      counters: this.#counters,
      log: this.#log,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#process?.[Symbol.asyncDispose]();
  }

  #restart(): void {
    if (!this.#process) return;
    this.#isRestarting = true;
    this.#log.info("Starting rpicam-vid again", {
      exposure: this.#locked ? "locked" : "automatic",
    });
    this.#process.kill("it is started again");
  }

  /** Returns true if the program has ended only to be started with other values. */
  #endRestart(): boolean {
    const isPlanned = this.#isRestarting;
    this.#isRestarting = false;
    // Values that the camera refuses would prevent every start.
    if (!isPlanned) this.#locked = undefined;
    return isPlanned;
  }

  /** Yields frames until the program ends; returns why. */
  async *#runOnce(): AsyncGenerator<Frame, SourceError, void> {
    const { signal } = this.#closing;
    const pool = new BufferPool();
    using builder = new VidFrameBuilder(pool, this.#settings);
    try {
      await using process = this.#start(pool);
      const queue = new DropOldestQueue<QueuedFrame>(QUEUE_CAPACITY, ({ frame }) => {
        builder.discard(frame);
        this.#counters.add("dropped_total", { class: "capture", reason: "consumer_late" });
      });
      const reading = this.#enqueueFrames(process, { queue, builder });
      reading.catch(() => {}); // not awaited if the consumer leaves early
      for (let queued = await queue.next(); queued; queued = await queue.next()) {
        if (signal.aborted || this.#isRestarting) {
          builder.discard(queued.frame);
          continue;
        }
        const frame = await builder.build(queued.frame, queued.stamp);
        if (!frame) {
          this.#counters.add("camera_frames_lost_total", { reason: "damaged" });
          continue;
        }
        yield frame;
      }
      await reading;
      const { stderr, reason, signal: killedBy } = await process.end();
      const killed = killedBy && `rpicam-vid was terminated by ${killedBy}`;
      return vidError(this.#settings.index, { stderr, reason: reason ?? killed ?? undefined });
    } catch (error) {
      if (error instanceof SourceError) return error;
      throw error;
    } finally {
      this.#process = undefined;
    }
  }

  #start(pool: BufferPool): VidProcess {
    const requested = this.#size = this.#requested;
    this.#metadata = {};
    this.#timeline.restart();
    return this.#process = new VidProcess(vidArguments(this.#settings, requested, this.#locked), {
      silenceTimeoutMs: FIRST_FRAME_TIMEOUT_MS,
      demuxer: (granted) => {
        const sizeOf = () => this.#size = granted() ?? requested;
        return new VidDemuxer(
          this.#settings.format === "raw" ? new RawCollector(sizeOf, pool) : new JpegCollector(),
        );
      },
    });
  }

  /** Stamps frames and puts them into the queue as they arrive. */
  async #enqueueFrames(
    process: VidProcess,
    { queue, builder }: {
      readonly queue: DropOldestQueue<QueuedFrame>;
      readonly builder: VidFrameBuilder;
    },
  ): Promise<void> {
    let unmatched = 0;
    try {
      for await (const frame of process.frames()) {
        process.silenceTimeoutMs = silenceMs(this.nominalFps);
        this.#metadata = frame.metadata;
        const stamp = this.#timeline.stamp(frame.metadata);
        if (stamp) queue.push({ frame, stamp });
        else builder.discard(frame);
        unmatched = this.#countUnmatched(process, unmatched);
      }
      this.#countUnmatched(process, unmatched);
    } finally {
      queue.close();
    }
  }

  #countUnmatched({ unmatched }: VidProcess, before: number): number {
    if (unmatched > before) {
      this.#counters.add("camera_frames_lost_total", { reason: "unmatched" }, unmatched - before);
      this.#log.rateLimited(
        "libcamera_unmatched",
        60,
        "warning",
        "A frame of the camera came without its metadata and was dropped",
      );
    }
    return unmatched;
  }
}
