import { frameRateFactorFor } from "./degradation.ts";

/** When frames are published: at full rate if there is a receiver, at full rate always, or never. */
export type FramePublishPolicy = "on_demand" | "always" | "never";

/** What determines the frame rate at present. */
export interface FrameDemand {
  /** True if there is a receiver of frames. */
  readonly wanted: boolean;
  /** Degradation for a slow link, from 0 to 1. */
  readonly degradation: number;
}

/** Interval of frames without a receiver: one frame a second shows that the camera works. */
const IDLE_INTERVAL_US = 1_000_000;
/** Tolerated deviation of a frame from its scheduled time. Chosen for the jitter of a camera. */
const JITTER_US = 10_000;
/** Shortest interval from which a degraded frame rate is computed: that of a camera at 30 fps. */
const NOMINAL_INTERVAL_US = 1_000_000 / 30;

/**
 * Selects the frames to publish: all of them, or fewer for a maximum frame rate, a slow link or a
 * lack of receivers. Selection follows the capture time, so that a lower rate is even too.
 */
export class FramePacing {
  #nextUs = -Infinity;

  /** @param options.maxFps Maximum frame rate. @default that of the camera */
  constructor(
    private readonly options: { policy: FramePublishPolicy; maxFps?: number | undefined },
  ) {}

  /** Returns true if the frame that was captured at `timeUs` (monotonic) is to be published. */
  isDue(timeUs: number, demand: FrameDemand): boolean {
    const intervalUs = this.#intervalUs(demand);
    if (intervalUs === Infinity) return false;
    const earlyUs = this.#nextUs - timeUs;
    // A slightly early frame is due, as jitter would otherwise drop every second one. A frame that
    // is early by more than an interval was scheduled at a lower rate, which no longer applies.
    const toleranceUs = Math.min(JITTER_US, intervalUs / 4);
    if (earlyUs > toleranceUs && earlyUs <= intervalUs + toleranceUs) return false;
    const onSchedule = Math.abs(earlyUs) <= intervalUs;
    this.#nextUs = (onSchedule ? this.#nextUs : timeUs) + intervalUs;
    return true;
  }

  #intervalUs({ wanted, degradation }: FrameDemand): number {
    const { policy, maxFps } = this.options;
    if (policy === "never") return Infinity;
    if (policy === "on_demand" && !wanted) return IDLE_INTERVAL_US;
    const minIntervalUs = maxFps ? 1_000_000 / maxFps : 0;
    if (degradation <= 0) return minIntervalUs;
    return Math.max(minIntervalUs, NOMINAL_INTERVAL_US) / frameRateFactorFor(degradation);
  }
}
