/** Estimates of the time that a board needs for a frame, from counted instructions. */

/** Lowest and highest value. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A board with the published results of its processor. */
export interface Board {
  readonly name: string;
  /** Its cores and their clock. */
  readonly processor: string;
  /**
   * Ratings by `7zr b -mmt1` of p7zip 16.02 in MIPS, per CPU time: the lowest and the highest of the
   * results that sbc-bench has published.
   */
  readonly rating: Range;
  /** Names of these results, files in the folder `results` of sbc-bench. */
  readonly sources: readonly string[];
}

export const BOARDS: readonly Board[] = [
  {
    name: "Raspberry Pi 4",
    processor: "Cortex-A72, 1.5 and 1.8 GHz",
    rating: { min: 1615, max: 1769 },
    sources: ["1MFf", "3F9C", "3InF", "3OBF"],
  },
  {
    name: "Raspberry Pi 5",
    processor: "Cortex-A76, 2.4 GHz",
    rating: { min: 2970, max: 3306 },
    sources: ["4JAv", "Au3jaA", "8-NK", "Xh2H"],
  },
  {
    name: "Jetson Orin Nano",
    processor: "Cortex-A78AE, 1.5 GHz",
    rating: { min: 2158, max: 2158 },
    sources: ["4vy7"],
  },
  {
    name: "Jetson Orin NX",
    processor: "Cortex-A78AE, 1.7 GHz",
    rating: { min: 2369, max: 2382 },
    sources: ["87lq"],
  },
  {
    name: "Jetson AGX Orin",
    processor: "Cortex-A78AE, 2.2 GHz",
    rating: { min: 3177, max: 3189 },
    sources: ["4ax9"],
  },
];

export interface EstimateInput {
  /** Counted instructions per frame. */
  readonly instructions: Range;
  /** Rating of the board in MIPS of 7-zip. */
  readonly rating: Range;
  /** Rating in MIPS of 7-zip at 10⁹ instructions per second, measured for the same architecture. */
  readonly ratingPerBillion: number;
  /**
   * Ratio of an estimate to the measured time, on a machine where both are known; 1 is exact, 2 is
   * an estimate of twice the time.
   */
  readonly overestimate: Range;
}

/**
 * Estimates the CPU time of a frame in ms: instructions / (instructions per second in the benchmark)
 * / overestimate. The limits combine the limits of each factor in the least favorable way.
 *
 * @throws {RangeError} if a limit is not positive, or a minimum exceeds its maximum
 */
export function estimateMs(
  { instructions, rating, ratingPerBillion, overestimate }: EstimateInput,
): Range {
  for (const [name, { min, max }] of Object.entries({ instructions, rating, overestimate })) {
    if (!(min > 0 && min <= max)) {
      throw new RangeError(
        `Cannot estimate: ${name} must be positive and ordered: current value is ${min} to ${max}`,
      );
    }
  }
  const instructionsPerMs = (mips: number) => mips / ratingPerBillion * 1e6;
  return {
    min: instructions.min / instructionsPerMs(rating.max) / overestimate.max,
    max: instructions.max / instructionsPerMs(rating.min) / overestimate.min,
  };
}

/** Returns the share of a core, 0 to 1 and more, that frames of `ms` each need. */
export function coreShare(ms: Range, { fps }: { readonly fps: number }): Range {
  return { min: ms.min * fps / 1000, max: ms.max * fps / 1000 };
}
