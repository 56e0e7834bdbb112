import type { Trend } from "../protocol.ts";

/** Ranges of the trends, in seconds. */
export const RANGES_S = { hour: 3600, day: 86_400, week: 604_800 } as const;
export type RangeName = keyof typeof RANGES_S;

/** Columns of a chart: times in seconds since the Unix epoch, and values with null in gaps. */
export interface ChartColumns {
  readonly time: number[];
  readonly pulse: (number | null)[];
  readonly breathing: (number | null)[];
}

/**
 * Converts a trend for a chart. Rows that are missing, because the device was silent, become a row
 * without values, so that no line crosses them.
 */
export function chartColumns({ columns, interval_s }: Trend): ChartColumns {
  const result: ChartColumns = { time: [], pulse: [], breathing: [] };
  let previous: number | undefined;
  for (const [index, us] of columns.time.entries()) {
    const time = us / 1e6;
    if (previous !== undefined && time - previous > 1.5 * interval_s) {
      result.time.push(previous + interval_s);
      result.pulse.push(null);
      result.breathing.push(null);
    }
    result.time.push(time);
    result.pulse.push(columns.pulse[index] ?? null);
    result.breathing.push(columns.breathing[index] ?? null);
    previous = time;
  }
  return result;
}

/** Moves a range by a part of its length, within limits. */
export function panRange(
  [from, to]: readonly [number, number],
  { part, limits: [first, last] }: {
    readonly part: number;
    readonly limits: readonly [number, number];
  },
): [number, number] {
  const length = to - from;
  const start = Math.max(first, Math.min(last - length, from + part * length));
  return [start, start + length];
}
