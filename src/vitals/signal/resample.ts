import type { SampleRing } from "./ring.ts";

/** Longest gap that is interpolated, in microseconds. Chosen. */
export const MAX_GAP_US = 250_000;

/** A uniform grid: sample `k` is at `startUs + k * 1e6 / sampleRateHz` microseconds. */
export interface Grid {
  readonly startUs: number;
  readonly sampleRateHz: number;
  /** Number of samples. */
  readonly length: number;
}

/** The grid that covers `seconds` and whose last sample is at `endUs`. */
export function gridEndingAt(
  endUs: number,
  { seconds, sampleRateHz }: { seconds: number; sampleRateHz: number },
): Grid {
  const length = Math.max(0, Math.round(seconds * sampleRateHz));
  return { startUs: endUs - ((length - 1) * 1e6) / sampleRateHz, sampleRateHz, length };
}

/**
 * Resamples one channel of a ring onto a uniform grid by linear interpolation between timestamps.
 * NaN samples are treated as absent. The result is NaN inside a gap of more than `maxGapUs` and
 * outside the recorded time.
 *
 * @param options `into`: the array to fill and return; its length must be that of the grid.
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
  let next = ring.firstFrom(grid.startUs - maxGapUs);
  let beforeUs = -Infinity;
  let before = NaN;
  let afterUs = -Infinity;
  let after = NaN;
  for (let k = 0; k < grid.length; k++) {
    // The tolerance of half a microsecond covers rounding: the grid ends on a sample.
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

/** A segment of a signal without gaps: samples `start` to `end`, `end` excluded. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** The segments of finite values, in order. */
export function finiteSegments(signal: Float64Array): Segment[] {
  const segments: Segment[] = [];
  let start = -1;
  for (let k = 0; k <= signal.length; k++) {
    const present = k < signal.length && Number.isFinite(signal[k]);
    if (present && start < 0) start = k;
    if (!present && start >= 0) {
      segments.push({ start, end: k });
      start = -1;
    }
  }
  return segments;
}
