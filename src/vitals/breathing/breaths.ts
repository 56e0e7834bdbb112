/** One breath on the chest's trace; indices are samples, with fractions. */
export interface Breath {
  /** Where the inhaling begins: the trough before the peak. */
  readonly start: number;
  /** The end of the inhaling. */
  readonly peak: number;
  /** The trough after the peak. */
  readonly end: number;
  /** Height of the peak over the mean of its two troughs, in the trace's unit. */
  readonly amplitude: number;
}

/**
 * Splits a trace into breaths: rises and falls that are both at least `minSwing` high. Half
 * breaths at the ends are left out.
 *
 * A zigzag with hysteresis, which is how respiration belts are counted (Khodadad et al.,
 * Physiol. Meas. 39, 2018, call it the threshold of peak amplitude): a turn counts when the trace
 * has come back from it by `minSwing`.
 *
 * @param trace chest position, inhaling up, without holes.
 * @param minSwing in the trace's unit, over 0.
 */
export function findBreaths(trace: Float64Array, { minSwing }: { minSwing: number }): Breath[] {
  const turns = findTurns(trace, minSwing);
  const breaths: Breath[] = [];
  for (let k = 1; k + 1 < turns.length; k++) {
    const [before, top, after] = [turns[k - 1]!, turns[k]!, turns[k + 1]!];
    if (!top.up) continue;
    const start = refine(trace, before.index);
    const peak = refine(trace, top.index);
    const end = refine(trace, after.index);
    const foot = (trace[before.index]! + trace[after.index]!) / 2;
    breaths.push({ start, peak, end, amplitude: trace[top.index]! - foot });
  }
  return breaths;
}

interface Turn {
  readonly index: number;
  readonly up: boolean;
}

/**
 * Highest and lowest points, alternating. The first and last are such only if the trace turned
 * inside the window, so that its ends are no turns.
 */
export function findTurns(trace: Float64Array, minSwing: number): Turn[] {
  const turns: Turn[] = [];
  let high = 0, low = 0;
  let rising: boolean | undefined;
  for (let k = 1; k < trace.length; k++) {
    const value = trace[k]!;
    if (value > trace[high]!) high = k;
    if (value < trace[low]!) low = k;
    if (rising !== false && trace[high]! - value >= minSwing) {
      if (high > 0) turns.push({ index: high, up: true });
      rising = false;
      low = k;
    } else if (rising !== true && value - trace[low]! >= minSwing) {
      if (low > 0) turns.push({ index: low, up: false });
      rising = true;
      high = k;
    }
  }
  return turns;
}

/** The turn's place between samples, by a parabola through three. */
function refine(trace: Float64Array, index: number): number {
  const left = trace[index - 1], here = trace[index]!, right = trace[index + 1];
  if (left === undefined || right === undefined) return index;
  const curve = left - 2 * here + right;
  const shift = curve === 0 ? 0 : (left - right) / (2 * curve);
  return index + Math.max(-0.5, Math.min(0.5, shift));
}
