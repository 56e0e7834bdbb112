import { frameRateFactorFor } from "./degradation.ts";

/** When frames are published: if there is a receiver, always, or never. */
export type FramePublishPolicy = "on_demand" | "always" | "never";

/** What determines the frame rate at present. */
export interface FrameDemand {
  /** True if there is a receiver of frames. */
  readonly wanted: boolean;
  /** Degradation for a slow link, from 0 to 1. */
  readonly degradation: number;
}

/** Tolerated deviation of a frame from its scheduled time. Chosen for the jitter of a camera. */
const JITTER_US = 10_000;
/** Shortest interval from which a degraded frame rate is computed: that of a camera at 30 fps. */
const NOMINAL_INTERVAL_US = 1_000_000 / 30;

/**
 * Selects the frames to publish: all that are wanted, or fewer for a maximum frame rate or a slow
 * link. Selection follows the capture time, so that a lower rate is even too.
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
    if (policy === "never" || (policy === "on_demand" && !wanted)) return Infinity;
    const minIntervalUs = maxFps ? 1_000_000 / maxFps : 0;
    if (degradation <= 0) return minIntervalUs;
    return Math.max(minIntervalUs, NOMINAL_INTERVAL_US) / frameRateFactorFor(degradation);
  }
}
