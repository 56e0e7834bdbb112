import type { RegionName } from "../../../vision/region_sample.ts";
import type { ColorSignal } from "../../signal/projections.ts";

/** One window of everything that a pulse can be read from, on one uniform grid. */
export interface PulseWindow {
  readonly sampleRateHz: number;
  /** Samples on the grid. */
  readonly length: number;
  /** Mean colours of a region, NaN in holes; undefined where it was never seen. */
  color(region: RegionName): ColorSignal | undefined;
  /** Stretches of the window in which that region was seen, long enough for a projection. */
  runs(region: RegionName): readonly { readonly start: number; readonly end: number }[];
  /** The learnt pulse wave, NaN in holes; undefined where no network runs. */
  readonly network: Float64Array | undefined;
  /** Pulse waves that someone else computed, NaN in holes. */
  readonly readySignals: readonly Float64Array[];
}

/**
 * Reads candidate pulse waves from a window. To add a method: implement this, put it in the list
 * in `list.ts`, name its paper, and test it against an independent computation.
 */
export interface PulseMethod {
  readonly name: string;
  /** The waves of this method, NaN in holes; none where the window does not carry what it needs. */
  vote(window: PulseWindow): readonly Vote[];
}

export interface Vote {
  /** The method and where it looked, as `pos:forehead`. */
  readonly name: string;
  /** The region it was seen in, where that shares no pixels with other places. */
  readonly place?: string;
  /** True for a projection of colours. */
  readonly colored?: true;
  /** Blood volume pulse in arbitrary units, systole up. */
  readonly bvp: Float64Array;
}
