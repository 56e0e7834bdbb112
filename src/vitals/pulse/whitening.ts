import type { Spectrum } from "../signal/spectrum.ts";

/** Edges of the bands, in hertz, whose medians show the noise: a peak fills under half of a band. */
const BAND_EDGES_HZ = [0.5, 0.75, 1.1, 1.6, 2.3, 3.3, 4.7, 6.7] as const;
/** Motion and light cause noise of at least 1/f. */
const MIN_EXPONENT = 1;
/** A larger exponent would raise the harmonic of a slow pulse above its fundamental. */
const MAX_EXPONENT = 1.5;

/** Power above this is set to 0; the first harmonic of the fastest candidate is below it. */
const MAX_HZ = 7;
/** Values of a band that its median uses at most: neighboring bins are not independent. Chosen. */
const MEDIAN_SAMPLES = 24;
/** Cached logarithms of bin indices. */
const binLogarithms: number[] = [];

/**
 * Whitens a spectrum of colored noise in place: multiplies the power by f^exponent, so that slow and
 * fast candidates are compared by their power relative to the noise. Power over 7 Hz becomes 0.
 *
 * @returns the exponent of the noise: the negative slope of a line through the logarithms of the
 *   bands' median powers, limited to 1 to 1.5.
 */
export function whiten({ power, binHz }: Spectrum): number {
  const exponent = noiseExponent({ power, binHz });
  const end = Math.min(power.length, Math.ceil(MAX_HZ / binHz));
  for (let bin = 1; bin < end; bin++) {
    power[bin]! *= Math.exp(exponent * (binLogarithms[bin] ??= Math.log(bin)));
  }
  power[0] = 0;
  power.fill(0, end);
  return exponent;
}

function noiseExponent({ power, binHz }: Spectrum): number {
  const count = BAND_EDGES_HZ.length - 1;
  let sumX = 0;
  let sumY = 0;
  let sumXX = 0;
  let sumXY = 0;
  for (let band = 0; band < count; band++) {
    const [lowHz, highHz] = [BAND_EDGES_HZ[band]!, BAND_EDGES_HZ[band + 1]!];
    const noise = bandMedian(power, Math.ceil(lowHz / binHz), Math.floor(highHz / binHz) + 1);
    const x = Math.log(lowHz * highHz) / 2;
    const y = Math.log(noise + Number.MIN_VALUE);
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  const slope = (count * sumXY - sumX * sumY) / (count * sumXX - sumX * sumX);
  return Math.max(MIN_EXPONENT, Math.min(MAX_EXPONENT, -slope));
}

const sorted = new Float64Array(MEDIAN_SAMPLES + 1);

/** Upper median of bins `from` to `to`, `to` excluded, or of an evenly spaced selection of them. */
function bandMedian(power: Float64Array, from: number, to: number): number {
  const step = Math.ceil((to - from) / MEDIAN_SAMPLES);
  let count = 0;
  for (let bin = from; bin < to; bin += step) {
    const value = power[bin]!;
    let index = count++;
    while (index > 0 && sorted[index - 1]! > value) {
      sorted[index] = sorted[index - 1]!;
      index--;
    }
    sorted[index] = value;
  }
  return count ? sorted[count >> 1]! : 0;
}
