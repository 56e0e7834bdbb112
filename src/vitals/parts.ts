import type { RegionSample } from "../vision/region_sample.ts";
import type { BreathingEstimate } from "./estimate.ts";
import type { Withheld } from "./withheld.ts";

/**
 * What the engine knows about the newest window, which its parts need to judge their own evidence.
 */
export interface EstimateContext {
  /** The moment of the estimate: the newest sample's time, or later while the camera is silent. */
  readonly nowUs: number;
  /** Frames per second that arrived over the last seconds. */
  readonly fps: number;
  /** Why nothing at all can be said now: no camera, no face, darkness. */
  readonly obstacle?: Withheld;
  /** The newest pulse window, where there is one. */
  readonly pulse?: PulseWave;
}

/** The fused blood volume pulse of the newest window, for what is derived from it. */
export interface PulseWave {
  /** Band-passed BVP on a uniform grid, arbitrary units, systole is up; no holes. */
  readonly bvp: Float64Array;
  /** Time of the first value in microseconds. */
  readonly startUs: number;
  readonly sampleRateHz: number;
  /** Beats/min of this window. */
  readonly rate: number;
  /** Probability that the rate is right, 0..1. */
  readonly confidence: number;
  readonly snrDb: number;
}

/** Breathing, as the engine sees it: samples in, an estimate out, five times a second. */
export interface BreathingPart {
  /** Takes every sample. Cheap: no spectrum here. */
  push(sample: RegionSample): void;
  estimate(context: EstimateContext): BreathingEstimate;
  /** Forgets all samples, as for a new person. */
  reset(): void;
}
