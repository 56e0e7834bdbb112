import type { RegionName } from "../../../vision/region_sample.ts";
import { chrom, type ColorSignal, green, pos } from "../../signal/projections.ts";
import type { PulseMethod, PulseWindow, Vote } from "./method.ts";

/** Where skin is looked at. */
export const SKIN_REGIONS = [
  "glabella",
  "forehead",
  "left_cheek",
  "right_cheek",
  "skin",
] as const satisfies readonly RegionName[];

/** A projection of colours that swings less, relative to their mean, stands still: it is rounding. */
const STILL = 1e-6;

type Projection = (color: ColorSignal, options: { sampleRateHz: number }) => Float64Array;

/** A projection of mean colours, as a voter over all regions of skin. */
function colorVoter(name: string, project: Projection): PulseMethod {
  return {
    name,
    vote: (window) =>
      SKIN_REGIONS.flatMap((region): Vote[] => {
        const color = window.color(region);
        if (!color) return [];
        const bvp = projectRuns(window, { region, color, project });
        if (!bvp?.some((value) => Math.abs(value) > STILL)) return [];
        // The whole skin holds all other regions: it is no place of its own.
        const place = region === "skin" ? {} : { place: region };
        return [{ name: `${name}:${region}`, bvp, colored: true, ...place }];
      }),
  };
}

/** Projects each stretch without holes on its own, so that no window reaches over a hole. */
function projectRuns(
  window: PulseWindow,
  { region, color, project }: { region: RegionName; color: ColorSignal; project: Projection },
): Float64Array | undefined {
  const { sampleRateHz, length } = window;
  const runs = window.runs(region);
  if (!runs.length) return undefined;
  if (runs.length === 1 && runs[0]!.start === 0 && runs[0]!.end === length) {
    return project(color, { sampleRateHz });
  }
  const bvp = new Float64Array(length).fill(NaN);
  for (const { start, end } of runs) {
    const part = {
      r: color.r.subarray(start, end),
      g: color.g.subarray(start, end),
      b: color.b.subarray(start, end),
    };
    bvp.set(project(part, { sampleRateHz }), start);
  }
  return bvp;
}

export const greenVoter = colorVoter("green", green);
export const chromVoter = colorVoter("chrom", chrom);
/** POS falls while blood comes; a wave's systole is up. */
export const posVoter = colorVoter("pos", (color, options) => {
  const wave = pos(color, options);
  for (let k = 0; k < wave.length; k++) wave[k] = -wave[k]!;
  return wave;
});
