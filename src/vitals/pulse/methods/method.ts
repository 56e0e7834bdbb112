import type { RegionName } from "../../../vision/region_sample.ts";
import type { ColorSignal } from "../../signal/projections.ts";
import type { Segment } from "../../signal/resample.ts";

/** One window of all input from which a pulse can be extracted, on one uniform grid. */
export interface PulseWindow {
  readonly sampleRateHz: number;
  /** Length of the window in samples. */
  readonly length: number;
  /** Mean colors of a region, NaN in gaps; undefined if the region has no samples. */
  color(region: RegionName): ColorSignal | undefined;
  /** Segments in which the region has samples, each long enough for a projection. */
  segments(region: RegionName): readonly Segment[];
  /** BVP estimated by a neural network, NaN in gaps; undefined if no network runs. */
  readonly network: Float64Array | undefined;
  /** BVP signals that another program computed, NaN in gaps. */
  readonly readySignals: readonly Float64Array[];
}

/**
 * A method that extracts BVP signals from a window. To add one: implement this interface, add the
 * method to `list.ts`, cite its paper, and test it against an independent computation.
 */
export interface PulseMethod {
  readonly name: string;
  /** Returns the BVP signals, NaN in gaps; none if the window lacks the input of this method. */
  extract(window: PulseWindow): readonly PulseSignal[];
}

/** A BVP signal that one method extracted from one input. */
export interface PulseSignal {
  /** The method and its input, such as `pos:forehead`. */
  readonly name: string;
  /** The region of the signal, if it shares no pixels with other regions. */
  readonly region?: string;
  /** True for a projection of colors. */
  readonly isProjection?: true;
  /** Blood volume pulse in arbitrary units; it rises in systole. */
  readonly bvp: Float64Array;
}
