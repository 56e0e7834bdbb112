import { monotonicUs } from "../../base/time.ts";
import type { MonotonicUs } from "../../base/time.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Counters } from "../../telemetry/counters.ts";
import type { Log } from "../../telemetry/log.ts";
import type { FrameStamp } from "../frame.ts";
import { lostBetween } from "../restarts.ts";
import type { FrameMetadata } from "./frame_metadata.ts";
import { SensorClock } from "./sensor_clock.ts";

/** Frames without a usable time in a row, at the start, after which arrival times are used. Chosen. */
const UNTIMED_FRAMES = 30;

export interface FrameTimelineOptions {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly log: Log;
  /** Requested frame rate in frames per second. */
  readonly fps: number;
  /** @default of the system */
  readonly sensorClock?: SensorClock;
}

/**
 * Stamps the frames of a camera with the times of its sensor. A frame without a usable time is
 * dropped: the time of its arrival would shift the pulse. Only if the program never reports one are
 * all frames stamped with their arrival.
 */
export class FrameTimeline {
  readonly #options: FrameTimelineOptions;
  readonly #sensorClock: SensorClock;
  #mode: "unknown" | "sensor" | "arrival" = "unknown";
  #untimed = 0;
  #last: FrameStamp = { timeUs: monotonicUs(-Infinity), sequence: -1 };
  #isFirst = true;

  constructor(options: FrameTimelineOptions) {
    this.#options = options;
    this.#sensorClock = options.sensorClock ?? new SensorClock(options.clock);
  }

  /** Prepares for another run of the program. */
  restart(): void {
    this.#mode = "unknown";
    this.#untimed = 0;
    this.#isFirst = true;
  }

  /** Returns the stamp of a frame that has just arrived; undefined if it has to be dropped. */
  stamp(metadata: FrameMetadata): FrameStamp | undefined {
    const { counters, clock } = this.#options;
    const arrivalUs = clock.monotonicUs();
    const timeUs = this.#timeOf(metadata, arrivalUs);
    if (timeUs === undefined || timeUs <= this.#last.timeUs) {
      counters.add("camera_frames_lost_total", { reason: "untimed" });
      return undefined;
    }
    const sequence = this.#last.sequence + 1 + this.#countLost(timeUs, metadata);
    this.#isFirst = false;
    return this.#last = { timeUs, sequence };
  }

  #timeOf({ sensorUs }: FrameMetadata, arrivalUs: MonotonicUs): MonotonicUs | undefined {
    const captureUs = sensorUs === undefined || this.#mode === "arrival"
      ? undefined
      : this.#sensorClock.captureUs(sensorUs, arrivalUs);
    if (captureUs !== undefined) {
      this.#mode = "sensor";
      return captureUs;
    }
    if (this.#mode === "unknown" && ++this.#untimed === UNTIMED_FRAMES) {
      this.#mode = "arrival";
      this.#options.log.warning(
        "The camera reports no usable capture times: the times at which its frames arrive are used",
        { sensor_timestamp_us: sensorUs },
      );
    }
    if (this.#mode !== "arrival") return undefined;
    this.#options.counters.add("camera_arrival_times_total");
    return arrivalUs;
  }

  /** Counts the frames that are missing before this one, by the interval between their times. */
  #countLost(timeUs: number, { frameDurationUs }: FrameMetadata): number {
    if (this.#isFirst || this.#mode !== "sensor") return 0;
    const periodUs = frameDurationUs ?? 1e6 / this.#options.fps;
    const lost = lostBetween(timeUs - this.#last.timeUs, periodUs);
    if (lost > 0) this.#options.counters.add("camera_frames_lost_total", { reason: "lost" }, lost);
    return lost;
  }
}
