import type { SampleRing } from "./ring.ts";

/** Longer holes are not bridged: nothing is invented where nothing was seen. */
export const MAX_GAP_US = 250_000;

/** Where a uniform grid lies: sample `k` is at `startUs + k / sampleRateHz` seconds. */
export interface Grid {
  readonly startUs: number;
  readonly sampleRateHz: number;
  /** Samples on the grid. */
  readonly length: number;
}

/** The grid of the newest `seconds` that ends at `endUs`. */
export function gridEndingAt(
  endUs: number,
  { seconds, sampleRateHz }: { seconds: number; sampleRateHz: number },
): Grid {
  const length = Math.max(0, Math.round(seconds * sampleRateHz));
  return { startUs: endUs - ((length - 1) * 1e6) / sampleRateHz, sampleRateHz, length };
}

/**
 * Reads one channel of a ring onto a uniform grid by linear interpolation on true time.
 * NaN samples are treated as absent. Inside a hole of more than `maxGapUs`, and beyond the
 * ends, the result is NaN.
 *
 * @param into filled and returned, where given; its length must be that of the grid.
 */
export function resample(
  ring: SampleRing,
  { channel, grid, maxGapUs = MAX_GAP_US, into = new Float64Array(grid.length) }: {
    channel: number;
    grid: Grid;
    maxGapUs?: number;
    into?: Float64Array;
  },
): Float64Array {
  const stepUs = 1e6 / grid.sampleRateHz;
  let next = Math.max(0, ring.firstFrom(grid.startUs - maxGapUs) - 1);
  let beforeUs = -Infinity;
  let before = NaN;
  let afterUs = -Infinity;
  let after = NaN;
  for (let k = 0; k < grid.length; k++) {
    // Half a microsecond of tolerance: the grid ends on a sample, up to rounding.
    const timeUs = grid.startUs + k * stepUs;
    while (afterUs < timeUs - 0.5 && next < ring.length) {
      const value = ring.value(next, channel);
      if (value === value) {
        beforeUs = afterUs;
        before = after;
        afterUs = ring.timeUs(next);
        after = value;
      }
      next++;
    }
    const span = afterUs - beforeUs;
    if (Math.abs(afterUs - timeUs) <= 0.5) into[k] = after;
    else if (afterUs > timeUs && span <= maxGapUs) {
      into[k] = before + ((after - before) * (timeUs - beforeUs)) / span;
    } else into[k] = NaN;
  }
  return into;
}

/** A stretch of a signal without holes: samples `start` to `end`, `end` not included. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** The stretches of finite values, in order. */
export function finiteRuns(signal: Float64Array): Run[] {
  const runs: Run[] = [];
  let start = -1;
  for (let k = 0; k <= signal.length; k++) {
    const present = k < signal.length && Number.isFinite(signal[k]);
    if (present && start < 0) start = k;
    if (!present && start >= 0) {
      runs.push({ start, end: k });
      start = -1;
    }
  }
  return runs;
}
