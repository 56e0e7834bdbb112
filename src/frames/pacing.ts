/** When frames are published. */
export type FramePublish = "on_demand" | "always" | "never";

/** While nobody receives frames, one a second tells that the camera lives. */
const IDLE_INTERVAL_US = 1_000_000;
/** How far a camera's frames stray from their even times. */
const JITTER_US = 10_000;
/** At full degradation the rate falls to this share of itself. */
const LEAST_RATE_SHARE = 0.1;
/** ... and the quantisers of the pictures grow so many times as coarse. */
const MOST_COARSER = 32;

/** About so much of the bytes a second each tenth of degradation leaves, by rate and quality. */
export const SHARE_OF_A_TENTH = 2 / 3;

/** The share of its rate that a camera keeps where a slow link asks for `degradation`, 0..1. */
export function rateShareOf(degradation: number): number {
  return 1 - degradation * (1 - LEAST_RATE_SHARE);
}

/**
 * How many times as coarse the pictures are compressed where a slow link asks for `degradation`,
 * 0..1.
 */
export function quantizerScaleFor(degradation: number): number {
  return MOST_COARSER ** degradation;
}

/**
 * Chooses which frames are published: all of them, or fewer for a given rate, a slow link or
 * nobody who looks. Even pacing on capture time, so that a lower rate stays smooth.
 */
export class FramePacing {
  #nextUs = -Infinity;

  /** @param options.maxFps publishes no more than this many frames a second. */
  constructor(private readonly options: { policy: FramePublish; maxFps?: number | undefined }) {}

  /**
   * True where the frame of `timeUs` is to be published.
   *
   * @param demand.wanted whether somebody receives frames
   * @param demand.degradation how far a slow link asks to thin them, 0..1
   */
  isDue(timeUs: number, demand: { wanted: boolean; degradation: number }): boolean {
    const intervalUs = this.#intervalUs(demand);
    if (intervalUs === Infinity) return false;
    const earlyUs = this.#nextUs - timeUs;
    // A camera's jitter must not cost every second frame: a little early is on time. What is
    // earlier than a whole turn was planned at a slower pace, which has ended.
    const toleranceUs = Math.min(JITTER_US, intervalUs / 4);
    if (earlyUs > toleranceUs && earlyUs <= intervalUs + toleranceUs) return false;
    const onSchedule = Math.abs(earlyUs) <= intervalUs;
    this.#nextUs = (onSchedule ? this.#nextUs : timeUs) + intervalUs;
    return true;
  }

  #intervalUs({ wanted, degradation }: { wanted: boolean; degradation: number }): number {
    const { policy, maxFps } = this.options;
    if (policy === "never") return Infinity;
    if (policy === "on_demand" && !wanted) return IDLE_INTERVAL_US;
    const fastestUs = maxFps ? 1_000_000 / maxFps : 0;
    if (degradation <= 0) return fastestUs;
    return Math.max(fastestUs, 1_000_000 / 30) / rateShareOf(degradation);
  }
}
