import { quantity, type Unit } from "./codes.ts";
import type { SampledData } from "./resources.ts";

/** Values by their times in microseconds since the Unix epoch. */
export type Samples = ReadonlyMap<number, number>;

/** The longest waveform of one Observation: an hour at 120 samples per second. */
const MAX_SAMPLES = 432_000;
const DIGITS = 5;

/** A waveform, and the times of its first and last sample. */
export interface Waveform {
  readonly data: SampledData;
  readonly startUs: number;
  readonly endUs: number;
}

/**
 * Puts samples on a grid whose period is the median of their distances. A point of the grid has the
 * nearest sample, or none (`E`) if that is more than half a period away.
 *
 * @returns undefined for less than two samples, or if the grid would have too many points
 */
export function waveformOf(samples: Samples, unit: Unit): Waveform | undefined {
  const times = [...samples.keys()].sort((a, b) => a - b);
  if (times.length < 2) return undefined;
  const distances = times.slice(1).map((time, k) => time - times[k]!).sort((a, b) => a - b);
  const periodUs = Math.round(distances[(distances.length - 1) >> 1]!);
  const [startUs, endUs] = [times[0]!, times.at(-1)!];
  const count = Math.round((endUs - startUs) / periodUs) + 1;
  if (periodUs < 1 || count > MAX_SAMPLES) return undefined;
  const grid = new Array<string>(count).fill("E");
  const distance = new Float64Array(count).fill(periodUs / 2);
  for (const time of times) {
    const k = Math.round((time - startUs) / periodUs);
    const away = Math.abs(startUs + k * periodUs - time);
    if (away > distance[k]!) continue;
    distance[k] = away;
    grid[k] = decimal(samples.get(time)!);
  }
  const data: SampledData = {
    origin: quantity(0, unit),
    period: periodUs / 1000,
    dimensions: 1,
    data: grid.join(" "),
  };
  return { data, startUs, endUs: startUs + (count - 1) * periodUs };
}

/** Formats a value without an exponent, whose `E` would mean a missing sample. */
function decimal(value: number): string {
  const text = value.toFixed(DIGITS).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}
