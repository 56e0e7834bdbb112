import type { MonotonicUs } from "../base/time.ts";
import type { Withheld } from "./withheld.ts";

/** State at the time of an estimate that the engine passes to the estimators of single vitals. */
export interface EstimateContext {
  /**
   * Time of the estimate in monotonic microseconds: the newest sample's capture time, or later
   * if the camera delivers no frames.
   */
  readonly nowUs: MonotonicUs;
  /** Received frames per second over the last seconds. */
  readonly fps: number;
  /** Why no vital can be estimated at all, for example no camera or no face; absent otherwise. */
  readonly obstacle?: Withheld;
  /** The newest BVP window; absent until the pulse has a candidate. */
  readonly bvpWindow?: BvpWindow;
}

/** The fused blood volume pulse (BVP) of the newest window, from which other vitals are derived. */
export interface BvpWindow {
  /** Band-passed BVP on a uniform grid without gaps, arbitrary units, systole is up. */
  readonly bvp: Float64Array;
  /** Time of the first value, in monotonic microseconds. */
  readonly startUs: number;
  readonly sampleRateHz: number;
  /** Pulse rate of this window, in beats/min. */
  readonly rate: number;
  /** Probability that the rate is within 3 beats/min of the true one, 0..1. */
  readonly confidence: number;
  /** Harmonic signal-to-noise ratio, in dB. */
  readonly snrDb: number;
}
