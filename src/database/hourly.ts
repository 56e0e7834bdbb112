import type { Measurement } from "./tables.ts";

const HOUR_US = 3_600_000_000;

/** Count, sum and extent of the values that are present. */
export interface Sum {
  readonly count: number;
  readonly sum: number;
  /** Null without a value. */
  readonly min: number | null;
  readonly max: number | null;
}

/** The measurements of a device in one hour. */
export interface HourlySum {
  readonly device: string;
  /** Start of the hour in UTC, in microseconds since the Unix epoch. */
  readonly hour: number;
  readonly measurements: number;
  readonly pulse: Sum;
  readonly breathing: Sum;
  readonly hrvRmssdMs: Sum;
}

/** Groups measurements by device and hour. */
export function hourlySums(measurements: readonly Measurement[]): readonly HourlySum[] {
  const groups = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const key = `${hourOf(measurement)} ${measurement.device}`;
    const group = groups.get(key);
    if (group) group.push(measurement);
    else groups.set(key, [measurement]);
  }
  return [...groups.values()].map((group) => ({
    device: group[0]!.device,
    hour: hourOf(group[0]!),
    measurements: group.length,
    pulse: sumOf(group.map(({ pulse }) => pulse)),
    breathing: sumOf(group.map(({ breathing }) => breathing)),
    hrvRmssdMs: sumOf(group.map(({ hrv_rmssd_ms }) => hrv_rmssd_ms)),
  }));
}

function hourOf({ time }: Measurement): number {
  return time - time % HOUR_US;
}

function sumOf(values: readonly (number | null)[]): Sum {
  let [count, sum] = [0, 0];
  let min: number | null = null;
  let max: number | null = null;
  for (const value of values) {
    if (value === null) continue;
    count++;
    sum += value;
    min = Math.min(min ?? value, value);
    max = Math.max(max ?? value, value);
  }
  return { count, sum, min, max };
}
