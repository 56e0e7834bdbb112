/** A local maximum or minimum of a signal. */
export interface Extremum {
  readonly index: number;
  readonly isMaximum: boolean;
}

/**
 * Finds alternating maxima and minima. Neighbors differ by at least `hysteresis`, so that smaller
 * oscillations are ignored. The ends of the signal are not extrema.
 *
 * @param hysteresis in the signal's unit, over 0.
 */
export function findExtrema(signal: Float64Array, hysteresis: number): Extremum[] {
  const extrema: Extremum[] = [];
  let high = 0, low = 0;
  let rising: boolean | undefined;
  for (let k = 1; k < signal.length; k++) {
    const value = signal[k]!;
    if (value > signal[high]!) high = k;
    if (value < signal[low]!) low = k;
    if (rising !== false && signal[high]! - value >= hysteresis) {
      if (high > 0) extrema.push({ index: high, isMaximum: true });
      rising = false;
      low = k;
    } else if (rising !== true && value - signal[low]! >= hysteresis) {
      if (low > 0) extrema.push({ index: low, isMaximum: false });
      rising = true;
      high = k;
    }
  }
  return extrema;
}

/** Refines the index of an extremum to a fraction of a sample, by parabolic interpolation. */
export function refineExtremum(signal: Float64Array, index: number): number {
  const left = signal[index - 1], center = signal[index]!, right = signal[index + 1];
  if (left === undefined || right === undefined) return index;
  const curvature = left - 2 * center + right;
  const shift = curvature === 0 ? 0 : (left - right) / (2 * curvature);
  return index + Math.max(-0.5, Math.min(0.5, shift));
}
