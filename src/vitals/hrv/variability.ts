import { mean, median } from "../../base/statistics.ts";

/** Time-domain heart rate variability, in milliseconds. */
export interface Variability {
  /** Root mean square of successive differences. */
  readonly rmssd: number;
  /** Standard deviation of the intervals, by n - 1. */
  readonly sdnn: number;
  readonly meanNn: number;
  /** Intervals that were confirmed. */
  readonly intervals: number;
  /** Share of intervals that were left out as artefacts, 0..1. */
  readonly rejected: number;
}

/** Neighbours on each side whose median an interval is held against. */
const NEIGHBOURS = 4;
/** An interval that differs by more is a missed or false beat: the customary 20 %. */
const MAX_DEVIATION = 0.2;

/**
 * Variability from the times of beats. An interval that is over 20 % off the median of its eight
 * neighbours is left out, and a difference counts only between two confirmed intervals that follow
 * one another.
 *
 * Source: Task Force of the ESC and NASPE, Circulation 93, 1996; the filter is that of Malik et
 * al. 1989, against a median, as Karlsson et al., BioMed. Eng. OnLine 11:2, 2012, compare such.
 *
 * @param beats seconds, growing.
 * @returns undefined with fewer than two differences.
 */
export function variabilityOf(beats: readonly number[]): Variability | undefined {
  const nn = beats.slice(1).map((beat, k) => (beat - beats[k]!) * 1000);
  const confirmed = nn.map((interval, k) => {
    const around = median([
      ...nn.slice(Math.max(0, k - NEIGHBOURS), k),
      ...nn.slice(k + 1, k + 1 + NEIGHBOURS),
    ]);
    return Math.abs(interval - around) <= MAX_DEVIATION * around;
  });
  const kept = nn.filter((_, k) => confirmed[k]);
  const squares = nn.slice(1).flatMap((interval, k) =>
    confirmed[k] && confirmed[k + 1] ? [(interval - nn[k]!) ** 2] : []
  );
  if (squares.length < 2) return undefined;
  const meanNn = mean(kept);
  const spread = kept.reduce((sum, interval) => sum + (interval - meanNn) ** 2, 0);
  return {
    rmssd: Math.sqrt(mean(squares)),
    sdnn: Math.sqrt(spread / (kept.length - 1)),
    meanNn,
    intervals: kept.length,
    rejected: 1 - kept.length / nn.length,
  };
}
