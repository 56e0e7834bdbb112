import type { RegionName } from "../../../vision/region_sample.ts";
import { chrom, type ColorSignal, green, pos } from "../../signal/projections.ts";
import type { PulseMethod, PulseSignal, PulseWindow } from "./method.ts";

/** Regions of skin from which a pulse is extracted. */
export const SKIN_REGIONS = [
  "glabella",
  "forehead",
  "left_cheek",
  "right_cheek",
  "skin",
] as const satisfies readonly RegionName[];

/** Relative amplitude up to which a projection counts as constant: it is rounding error. Chosen. */
const ROUNDING_ERROR = 1e-6;

type Projection = (color: ColorSignal, options: { sampleRateHz: number }) => Float64Array;

/** A method that applies a projection of mean colors to all regions of skin. */
function colorMethod(name: string, project: Projection): PulseMethod {
  return {
    name,
    extract: (window) =>
      SKIN_REGIONS.flatMap((region): PulseSignal[] => {
        const color = window.color(region);
        if (!color) return [];
        const bvp = projectSegments(window, { region, color, project });
        if (!bvp?.some((value) => Math.abs(value) > ROUNDING_ERROR)) return [];
        // The region `skin` contains all others, so it is not separate.
        const separate = region === "skin" ? {} : { region };
        return [{ name: `${name}:${region}`, bvp, isProjection: true, ...separate }];
      }),
  };
}

/** Projects each segment separately, so that no projection window contains a gap. */
function projectSegments(
  window: PulseWindow,
  { region, color, project }: { region: RegionName; color: ColorSignal; project: Projection },
): Float64Array | undefined {
  const { sampleRateHz, length } = window;
  const segments = window.segments(region);
  if (!segments.length) return undefined;
  const bvp = new Float64Array(length).fill(NaN);
  for (const { start, end } of segments) {
    const segment = {
      r: color.r.subarray(start, end),
      g: color.g.subarray(start, end),
      b: color.b.subarray(start, end),
    };
    bvp.set(project(segment, { sampleRateHz }), start);
  }
  return bvp;
}

export const greenMethod = colorMethod("green", green);
export const chromMethod = colorMethod("chrom", chrom);
/** POS with its sign inverted: the projection falls in systole. */
export const posMethod = colorMethod("pos", (color, options) => {
  const bvp = pos(color, options);
  for (let k = 0; k < bvp.length; k++) bvp[k] = -bvp[k]!;
  return bvp;
});
