/** A point at which a signal turned. */
export interface Turn {
  /** Sample of the extreme. */
  readonly index: number;
  /** True for a maximum. */
  readonly up: boolean;
}

/**
 * Maxima and minima, alternating, between which the signal goes at least `minSwing`: a zigzag with
 * hysteresis. The ends of the signal are no turns.
 *
 * @param minSwing in the signal's unit, over 0.
 */
export function findExtrema(signal: Float64Array, minSwing: number): Turn[] {
  const turns: Turn[] = [];
  let high = 0, low = 0;
  let rising: boolean | undefined;
  for (let k = 1; k < signal.length; k++) {
    const value = signal[k]!;
    if (value > signal[high]!) high = k;
    if (value < signal[low]!) low = k;
    if (rising !== false && signal[high]! - value >= minSwing) {
      if (high > 0) turns.push({ index: high, up: true });
      rising = false;
      low = k;
    } else if (rising !== true && value - signal[low]! >= minSwing) {
      if (low > 0) turns.push({ index: low, up: false });
      rising = true;
      high = k;
    }
  }
  return turns;
}

/** A turn's place between samples, by a parabola through three. */
export function refineExtremum(signal: Float64Array, index: number): number {
  const left = signal[index - 1], here = signal[index]!, right = signal[index + 1];
  if (left === undefined || right === undefined) return index;
  const curve = left - 2 * here + right;
  const shift = curve === 0 ? 0 : (left - right) / (2 * curve);
  return index + Math.max(-0.5, Math.min(0.5, shift));
}
