import { mean, median } from "../../base/statistics.ts";

/** Time-domain heart rate variability, in milliseconds. */
export interface Variability {
  /** Root mean square of successive differences of NN intervals. */
  readonly rmssd: number;
  /** Standard deviation of the NN intervals, with n - 1. */
  readonly sdnn: number;
  /** Mean NN interval. */
  readonly meanNn: number;
  /** Number of NN intervals. */
  readonly nnCount: number;
  /** Fraction of inter-beat intervals that were removed as artefacts, 0..1. */
  readonly artifactFraction: number;
}

/** Number of intervals on each side whose median an interval is compared with. */
const NEIGHBORS = 4;
/** An interval that differs by more is a missed, false or ectopic beat: the common 20 % rule. */
const MAX_DEVIATION = 0.2;

/**
 * Returns the variability of a series of beats.
 *
 * An inter-beat interval that differs by over 20 % from the median of its eight neighbours is
 * removed as an artefact. RMSSD uses only differences between two adjacent normal intervals.
 *
 * Sources: measures as in Task Force of the ESC and NASPE, Circulation 93, 1996; artefact filter of
 * Malik et al. 1989, but against a median, one of those that Karlsson et al., BioMed. Eng. OnLine
 * 11:2, 2012, compare.
 *
 * @param beats ascending times, in seconds.
 * @returns undefined with fewer than two differences.
 */
export function variabilityOf(beats: readonly number[]): Variability | undefined {
  const intervals = beats.slice(1).map((beat, k) => (beat - beats[k]!) * 1000);
  const normal = intervals.map((interval, k) => {
    const expected = median([
      ...intervals.slice(Math.max(0, k - NEIGHBORS), k),
      ...intervals.slice(k + 1, k + 1 + NEIGHBORS),
    ]);
    return Math.abs(interval - expected) <= MAX_DEVIATION * expected;
  });
  const nn = intervals.filter((_, k) => normal[k]);
  const squaredDifferences = intervals.slice(1).flatMap((interval, k) =>
    normal[k] && normal[k + 1] ? [(interval - intervals[k]!) ** 2] : []
  );
  if (squaredDifferences.length < 2) return undefined;
  const meanNn = mean(nn);
  const squaredDeviations = nn.reduce((sum, interval) => sum + (interval - meanNn) ** 2, 0);
  return {
    rmssd: Math.sqrt(mean(squaredDifferences)),
    sdnn: Math.sqrt(squaredDeviations / (nn.length - 1)),
    meanNn,
    nnCount: nn.length,
    artifactFraction: 1 - nn.length / intervals.length,
  };
}
