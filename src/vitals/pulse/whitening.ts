import type { Spectrum } from "../signal/spectrum.ts";

/** Bands, in Hz, whose medians show the noise: a peak fills the lesser part of its band. */
const BANDS = [0.5, 0.75, 1.1, 1.6, 2.3, 3.3, 4.7, 6.7] as const;
/**
 * Motion and light make noise of 1/f at least. Steeper whitening than this would lift the harmonic
 * of a slow pulse over its fundamental.
 */
const GENTLEST = 1;
const STEEPEST = 1.5;

/** Above this nothing is looked at: the harmonic of the fastest candidate is below. */
const HIGHEST_HZ = 7;
/** So many values of a band are enough for its median: neighbours are not independent. */
const MEDIAN_SAMPLES = 24;
const logs: number[] = [];

/**
 * Flattens coloured noise in place: power times f to the slope of the noise. On a slope, a slow
 * candidate has to be as much better as the noise is louder there. What is over 7 Hz becomes 0.
 *
 * @returns the exponent: the slope of a line through the logarithms of the bands' medians.
 */
export function whiten({ power, binHz }: Spectrum): number {
  const slope = slopeOf({ power, binHz });
  const end = Math.min(power.length, Math.ceil(HIGHEST_HZ / binHz));
  for (let bin = 1; bin < end; bin++) {
    power[bin]! *= Math.exp(slope * (logs[bin] ??= Math.log(bin)));
  }
  power[0] = 0;
  power.fill(0, end);
  return slope;
}

function slopeOf({ power, binHz }: Spectrum): number {
  const count = BANDS.length - 1;
  let sumX = 0;
  let sumY = 0;
  let sumXX = 0;
  let sumXY = 0;
  for (let band = 0; band < count; band++) {
    const [low, high] = [BANDS[band]!, BANDS[band + 1]!];
    const middle = median(power, Math.ceil(low / binHz), Math.floor(high / binHz) + 1);
    const x = Math.log(low * high) / 2;
    const y = Math.log(middle + Number.MIN_VALUE);
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  const slope = (count * sumXY - sumX * sumY) / (count * sumXX - sumX * sumX);
  return Math.max(GENTLEST, Math.min(STEEPEST, -slope));
}

const scratch = new Float64Array(MEDIAN_SAMPLES + 1);

/** The upper median of `values[from]` to `values[to - 1]`, of evenly spaced ones where there are many. */
function median(values: Float64Array, from: number, to: number): number {
  const step = Math.ceil((to - from) / MEDIAN_SAMPLES);
  let count = 0;
  for (let k = from; k < to; k += step) {
    const value = values[k]!;
    let place = count++;
    while (place > 0 && scratch[place - 1]! > value) {
      scratch[place] = scratch[place - 1]!;
      place--;
    }
    scratch[place] = value;
  }
  return count ? scratch[count >> 1]! : 0;
}
